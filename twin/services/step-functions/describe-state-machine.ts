import { arnOf } from '../../arn.ts';
import type { Operation } from '../../http/aws-protocols.ts';
import type { LogDestination } from '../../template/state-machine.ts';
import type { ExecutionRunner } from './execution-runner.ts';

export function describeStateMachine(runner: ExecutionRunner): Operation {
  return async (request) => {
    const { arn, name, type, definition, roleArn, logging } = runner.find(request.text('stateMachineArn'));
    return {
      stateMachineArn: arn,
      name,
      type,
      definition,
      roleArn,
      status: 'ACTIVE',
      creationDate: 0,
      loggingConfiguration: describeLogging(logging),
    };
  };
}

function describeLogging(logging: LogDestination | undefined): object {
  if (logging === undefined) return { level: 'OFF', includeExecutionData: false };
  const { level, includeExecutionData, logGroupName } = logging;
  const logGroupArn = arnOf('logs', `log-group:${logGroupName}:*`);
  return { level, includeExecutionData, destinations: [{ cloudWatchLogsLogGroup: { logGroupArn } }] };
}
