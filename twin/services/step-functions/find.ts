import { AwsError } from '../../http/aws-error.ts';
import type { RequestBody } from '../../http/request.ts';
import type { StateMachineResource } from '../../template/state-machine.ts';
import type { ExecutionRunner } from './execution-runner.ts';
import type { ExecutionRecord, Executions } from './executions.ts';

export function findExecution(executions: Executions, request: RequestBody): ExecutionRecord {
  const arn = request.text('executionArn');
  if (arn.includes(':express:')) throw invalidArn('Resource type not valid in this context: express');
  if (!arn.startsWith('arn:')) throw invalidArn(`Invalid ARN prefix: ${arn}`);
  const record = executions.get(arn);
  if (record === undefined) {
    throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
  }
  return record;
}

const invalidArn = (problem: string): AwsError => new AwsError('InvalidArn', `Invalid Arn: '${problem}'`);

/** The state machine that the request names, for an operation that AWS has for one type only. */
export function findStateMachine(
  runner: ExecutionRunner,
  request: RequestBody,
  type: StateMachineResource['type'],
): StateMachineResource {
  const machine = runner.find(request.text('stateMachineArn'));
  if (machine.type === type) return machine;
  throw new AwsError(
    'StateMachineTypeNotSupported',
    'This operation is not supported by this type of state machine',
  );
}
