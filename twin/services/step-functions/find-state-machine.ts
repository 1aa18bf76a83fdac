import { AwsError } from '../../http/aws-error.ts';
import type { RequestBody } from '../../http/request.ts';
import type { StateMachineResource } from '../../template/state-machine.ts';
import type { ExecutionRunner } from './execution-runner.ts';

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
