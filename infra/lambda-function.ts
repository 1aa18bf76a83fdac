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
  /** The purpose of the function, shown in the console. */
  readonly description: string;
  /** Lambda stops the function after this time. Longer than its SDK timeouts, shorter than that of its state. */
  readonly timeout: Duration;
  /** Megabytes; they determine the share of a CPU. */
  readonly memorySize: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly logs: LogSettings;
  /** Concurrent executions reserved for this function, which are also its maximum. @default unreserved executions */
  readonly reservedConcurrency?: number;
}

/** One handler, from its prebuilt bundle, with its own role and log group. */
export class LambdaFunction extends Construct {
  /** Add statements here, not through the function: a feature flag makes the function create a policy for each. */
  readonly role: iam.Role;
  /** Name of the handler. */
  readonly handler: string;
  readonly logGroup: logs.LogGroup;
  readonly function: lambda.Function;
  /** The published version: a run in progress keeps calling it while a deployment publishes the next one. */
  readonly version: lambda.Version;

  constructor(scope: Construct, id: string, props: LambdaFunctionProps) {
    super(scope, id);
    this.handler = props.handler;
    this.logGroup = createLogGroup(this, 'Logs', props.logs);
    // Not the default role of the CDK, which may write to every log group of the account.
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
      // Old versions are retained: a run that began before a deployment still calls them.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    });
    this.version = this.function.currentVersion;
  }

  /** Allows a state machine to invoke any version of this function, including those that its older runs call. */
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
