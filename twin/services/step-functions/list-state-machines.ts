import type { Operation } from '../../http/aws-protocols.ts';
import type { ExecutionRunner } from './execution-runner.ts';

export function listStateMachines(runner: ExecutionRunner): Operation {
  return async () => ({
    stateMachines: runner.stateMachines.map(({ arn, name, type }) => ({
      stateMachineArn: arn,
      name,
      type,
      creationDate: 0,
    })),
  });
}
