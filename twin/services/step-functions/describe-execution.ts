import type { Operation } from '../../http/aws-protocols.ts';
import type { ExecutionRunner } from './execution-runner.ts';
import { findExecution } from './find-execution.ts';
import { summarize } from './list-executions.ts';
import { notRedrivable } from './redrive-execution.ts';
import { dataOf, withData } from './sync-answer.ts';

export function describeExecution({ executions }: ExecutionRunner): Operation {
  return async (request) => {
    const record = findExecution(executions, request);
    const included = withData(request);
    const reason = notRedrivable(record);
    return {
      ...summarize(record),
      ...dataOf(record, included),
      ...(record.status === 'SUCCEEDED' && { outputDetails: { included } }),
      redriveStatus: reason === undefined ? 'REDRIVABLE' : 'NOT_REDRIVABLE',
      ...(reason !== undefined && { redriveStatusReason: reason }),
    };
  };
}
