import type { ExecutionRecord } from '../../twin/services/step-functions/executions.ts';
import { toLogEvent } from '../../twin/services/step-functions/history-event.ts';

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html: what an event is billed beside its text.
const BYTES_PER_LOG_EVENT = 26;

/** Bytes that Step Functions would write to CloudWatch Logs for these runs at level ALL. */
export function logBytes(runs: readonly ExecutionRecord[], { data }: { readonly data: boolean }): number {
  return runs.reduce((sum, { history, executionArn, redriveCount }) => {
    const logging = { executionArn, redriveCount, includeExecutionData: data };
    const lines = history.map((event) => JSON.stringify(toLogEvent(event, logging)));
    return sum + lines.reduce((bytes, line) => bytes + Buffer.byteLength(line) + BYTES_PER_LOG_EVENT, 0);
  }, 0);
}
