import { readFileSync } from 'node:fs';
import { RemovalPolicy } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';

export interface StateMachineProps {
  readonly stateMachineName: string;
  readonly type: sfn.StateMachineType;
  /** File in statemachine/ that holds the definition. */
  readonly definitionFile: string;
  /** `${FetchBatchFunctionArn}` in the definition is the function given as `FetchBatch`. */
  readonly functions: Readonly<Record<string, lambda.IFunction>>;
  /** Values of the definition's other placeholders. */
  readonly settings: Readonly<Record<string, string>>;
  readonly logRetention: logs.RetentionDays;
}

/**
 * A state machine from its ASL file. The definition stays inside the template, where `cdk diff`, the tests and
 * the local twin see it; time-out and query language are the file's, since CDK ignores its own for a file.
 */
export class StateMachine extends Construct {
  readonly stateMachine: sfn.StateMachine;

  constructor(scope: Construct, id: string, props: StateMachineProps) {
    super(scope, id);
    const file = new URL(`../statemachine/${props.definitionFile}`, import.meta.url);
    const functionArns = Object.entries(props.functions).map(([name, fn]) => [
      `${name}FunctionArn`,
      fn.functionArn,
    ]);
    this.stateMachine = new sfn.StateMachine(this, 'StateMachine', {
      stateMachineName: props.stateMachineName,
      stateMachineType: props.type,
      definitionBody: sfn.DefinitionBody.fromString(readFileSync(file, 'utf8')),
      definitionSubstitutions: { ...Object.fromEntries(functionArns), ...props.settings },
      tracingEnabled: true,
      logs: {
        // The console draws an Express execution from its log, and only at this level with data.
        level: sfn.LogLevel.ALL,
        includeExecutionData: true,
        destination: new logs.LogGroup(this, 'Logs', {
          // Log groups under this prefix spare the account's resource policy, which has a size limit.
          logGroupName: `/aws/vendedlogs/states/${props.stateMachineName}`,
          retention: props.logRetention,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      },
    });
    for (const fn of Object.values(props.functions)) fn.grantInvoke(this.stateMachine);
  }
}
