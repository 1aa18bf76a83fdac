import type { Operation } from '../../http/aws-protocols.ts';
import type { ExecutionRunner } from './execution-runner.ts';

export function describeStateMachine(runner: ExecutionRunner): Operation {
  return async (request) => {
    const { arn, name, type, definition, roleArn } = runner.find(request.text('stateMachineArn'));
    return { stateMachineArn: arn, name, type, definition, roleArn, status: 'ACTIVE', creationDate: 0 };
  };
}
