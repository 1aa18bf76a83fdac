import type { Operation } from '../../http/aws-protocols.ts';
import { epochSeconds } from '../../http/epoch-seconds.ts';
import type { ExecutionRunner } from './execution-runner.ts';
import type { ExecutionRecord } from './executions.ts';
import { findStateMachine } from './find-state-machine.ts';

export function listExecutions(runner: ExecutionRunner): Operation {
  return async (request) => {
    const { arn } = findStateMachine(runner, request, 'STANDARD');
    const status = request.optionalText('statusFilter');
    const found = runner.executions
      .list(arn)
      .filter((record) => status === undefined || record.status === status);
    return { executions: found.slice(0, request.optionalNumber('maxResults') ?? 100).map(summarize) };
  };
}

export function summarize(record: ExecutionRecord): object {
  const { executionArn, stateMachineArn, name, status, startDate, stopDate, redriveCount, redriveDate } =
    record;
  return {
    executionArn,
    stateMachineArn,
    name,
    status,
    startDate: epochSeconds(startDate),
    ...(stopDate && { stopDate: epochSeconds(stopDate) }),
    redriveCount,
    ...(redriveDate && { redriveDate: epochSeconds(redriveDate) }),
  };
}
