import { fileURLToPath } from 'node:url';
import type { Duration } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface LambdaFunctionProps {
  /** Name of the handler: its folder in dist/lambdas. */
  readonly handler: string;
  readonly functionName: string;
  /** What the function does, for whoever reads the console. */
  readonly description: string;
  /** The function is killed after this time. Longer than its SDK time-outs, shorter than the state's. */
  readonly timeout: Duration;
  /** @default 256 */
  readonly memoryMiB?: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly logRetention: logs.RetentionDays;
}

/** One handler, from its prebuilt bundle, with a log group of its own. */
export class LambdaFunction extends Construct {
  readonly function: lambda.Function;
  /** The published version: a run in flight keeps calling it while a deployment replaces `$LATEST`. */
  readonly version: lambda.Version;

  constructor(scope: Construct, id: string, props: LambdaFunctionProps) {
    super(scope, id);
    const logGroup = new logs.LogGroup(this, 'Logs', { retention: props.logRetention });
    this.function = new lambda.Function(this, 'Function', {
      functionName: props.functionName,
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(
        fileURLToPath(new URL(`../dist/lambdas/${props.handler}`, import.meta.url)),
      ),
      timeout: props.timeout,
      memorySize: props.memoryMiB ?? 256,
      tracing: lambda.Tracing.ACTIVE,
      logGroup,
      environment: {
        NODE_OPTIONS: '--enable-source-maps',
        POWERTOOLS_SERVICE_NAME: 'outbox',
        POWERTOOLS_METRICS_NAMESPACE: 'Outbox',
        ...props.environment,
      },
    });
    this.version = this.function.currentVersion;
  }
}
