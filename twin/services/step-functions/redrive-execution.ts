import { AwsError } from '../../http/aws-error.ts';
import type { Operation } from '../../http/aws-protocols.ts';
import { epochSeconds } from '../../http/epoch-seconds.ts';
import type { ExecutionRunner } from './execution-runner.ts';
import type { ExecutionRecord } from './executions.ts';
import { findExecution } from './find-execution.ts';

export function redriveExecution(runner: ExecutionRunner): Operation {
  return async (request) => {
    const record = findExecution(runner.executions, request);
    const reason = notRedrivable(record);
    if (reason !== undefined) throw new AwsError('ExecutionNotRedrivable', reason);
    runner.redrive(record);
    return { redriveDate: epochSeconds(record.redriveDate ?? new Date()) };
  };
}

/** Why AWS would not redrive it; undefined when it would. */
export function notRedrivable({ status, failedAt }: ExecutionRecord): string | undefined {
  if (status === 'RUNNING' || status === 'SUCCEEDED') return `Execution is ${status} and cannot be redriven`;
  return failedAt === undefined ? 'Execution has no state to go on from' : undefined;
}
