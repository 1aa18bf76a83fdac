import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { createLogGroup, type LogSettings } from './log-group.ts';
import { packageRoot } from './package-root.ts';

export interface LambdaFunctionProps {
  /** Name of the handler: its folder in dist/lambdas. */
  readonly handler: string;
  readonly functionName: string;
  /** What the function does, for whoever reads the console. */
  readonly description: string;
  /** The function is killed after this time. Longer than its SDK time-outs, shorter than the state's. */
  readonly timeout: Duration;
  /** Megabytes; the share of a CPU goes with it. */
  readonly memorySize: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly logs: LogSettings;
  /** Concurrent executions kept for this function alone, and its most. @default the account's unreserved ones */
  readonly reservedConcurrency?: number;
}

/** One handler, from its prebuilt bundle, with a role and a log group of its own. */
export class LambdaFunction extends Construct {
  /** Statements are added to it and not through the function, which a feature flag lets write a policy for each. */
  readonly role: iam.Role;
  /** Name of the handler. */
  readonly handler: string;
  readonly logGroup: logs.LogGroup;
  readonly function: lambda.Function;
  /** The published version: a run that is under way keeps calling it while a deployment publishes the next. */
  readonly version: lambda.Version;

  constructor(scope: Construct, id: string, props: LambdaFunctionProps) {
    super(scope, id);
    this.handler = props.handler;
    this.logGroup = createLogGroup(this, 'Logs', props.logs);
    // Not CDK's default role: that one may write to every log group of the account.
    this.role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    this.logGroup.grantWrite(this.role);
    this.function = new lambda.Function(this, 'Function', {
      functionName: props.functionName,
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(bundleOf(props.handler)),
      role: this.role,
      timeout: props.timeout,
      ...(props.reservedConcurrency !== undefined && {
        reservedConcurrentExecutions: props.reservedConcurrency,
      }),
      memorySize: props.memorySize,
      tracing: lambda.Tracing.ACTIVE,
      logGroup: this.logGroup,
      environment: { ...props.environment },
      // The last versions stay: a run that began before a deployment still calls them.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    });
    this.version = this.function.currentVersion;
  }

  /** Allows a state machine to invoke any version of this function, also the one that its older runs call. */
  grantInvokeVersions(role: iam.Role): void {
    role.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: [`${this.function.functionArn}:*`],
      }),
    );
  }
}

function bundleOf(handler: string): string {
  const folder = join(packageRoot, 'dist', 'lambdas', handler);
  if (!existsSync(folder)) throw new Error(`no bundle ${folder}: run \`npm run build\` first`);
  return folder;
}
