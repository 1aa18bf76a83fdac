import type { Operation } from '../../http/aws-protocols.ts';
import { epochSeconds } from '../../http/epoch-seconds.ts';
import type { ExecutionRunner } from './execution-runner.ts';
import { findExecution } from './find-execution.ts';

export function stopExecution({ executions }: ExecutionRunner): Operation {
  return async (request) => {
    const record = findExecution(executions, request);
    record.abort.abort();
    await record.ended;
    Object.assign(record, { error: request.optionalText('error'), cause: request.optionalText('cause') });
    return { stopDate: epochSeconds(record.stopDate ?? new Date()) };
  };
}
