import { Aws } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { type ExecutionHistory, logOptions } from './execution-history.ts';
import type { LambdaFunction } from './lambda-function.ts';
import { createLogGroup, type LogSettings } from './log-group.ts';

export interface StateMachineProps {
  readonly stateMachineName: string;
  readonly type: sfn.StateMachineType;
  /** Amazon States Language with its placeholders. */
  readonly definition: string;
  /** `${FetchBatchFunctionArn}` in the definition is the function given as `FetchBatch`. */
  readonly functions: Readonly<Record<string, LambdaFunction>>;
  /** Values of the other placeholders of the definition, except `${Partition}`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly executionHistory: ExecutionHistory;
  readonly logs: LogSettings;
}

/**
 * A state machine from its ASL. The definition stays inside the template, where `cdk diff`, the tests and the local
 * twin read it; timeout and query language are in the definition, because CDK ignores its own props for a string.
 */
export class StateMachine extends Construct {
  readonly role: iam.Role;
  readonly stateMachine: sfn.StateMachine;
  readonly logGroup: logs.LogGroup;
  /** The functions that its Task states invoke. */
  readonly functions: readonly LambdaFunction[];

  constructor(scope: Construct, id: string, props: StateMachineProps) {
    super(scope, id);
    const functionArns = Object.entries(props.functions).map(([name, { version }]) => [
      `${name}FunctionArn`,
      version.functionArn,
    ]);
    // Log groups with this prefix do not use the resource policy of the account, which has a size limit.
    const logGroupName = `/aws/vendedlogs/states/${props.stateMachineName}`;
    this.logGroup = createLogGroup(this, 'Logs', props.logs, logGroupName);
    this.role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('states.amazonaws.com') });
    this.stateMachine = new sfn.StateMachine(this, 'StateMachine', {
      stateMachineName: props.stateMachineName,
      stateMachineType: props.type,
      definitionBody: sfn.DefinitionBody.fromString(props.definition),
      definitionSubstitutions: {
        Partition: Aws.PARTITION,
        ...Object.fromEntries(functionArns),
        ...props.settings,
      },
      role: this.role,
      tracingEnabled: true,
      logs: { ...logOptions(props.executionHistory), destination: this.logGroup },
    });
    this.functions = Object.values(props.functions);
    for (const lambdaFunction of this.functions) lambdaFunction.grantInvokeVersions(this.role);
  }
}
