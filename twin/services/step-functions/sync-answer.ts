import type { RequestBody } from '../../http/request.ts';
import type { ExecutionRecord } from './executions.ts';

/** Whether the caller wants to see input and output. */
export const withData = (request: RequestBody): boolean =>
  request.optionalText('includedData') !== 'METADATA_ONLY';

/** What StartSyncExecution answers; times are dates, since each protocol writes them in its own way. */
export function syncAnswer(record: ExecutionRecord, included = true) {
  const { executionArn, stateMachineArn, name, status, startDate, stopDate = startDate } = record;
  const milliseconds = stopDate.getTime() - startDate.getTime();
  return {
    executionArn,
    stateMachineArn,
    name,
    // It has no status ABORTED: only a fault rule of the twin can stop such an execution.
    status: status === 'ABORTED' ? 'FAILED' : status,
    startDate,
    stopDate,
    ...dataOf(record, included),
    outputDetails: { included },
    billingDetails: {
      billedDurationInMilliseconds: Math.max(1, Math.ceil(milliseconds / 100)) * 100,
      billedMemoryUsedInMB: 64,
    },
  };
}

/** Input, and output or error, as every description of an execution has them. */
export function dataOf({ input, output, error, cause }: ExecutionRecord, included: boolean) {
  return {
    ...(included && { input: JSON.stringify(input) }),
    inputDetails: { included },
    ...(included && output !== undefined && { output: JSON.stringify(output) }),
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
  };
}
