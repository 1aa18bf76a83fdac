import { type ExecutionRecord, toHistoryEvent } from '../../local/executions.ts';

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html: what an event is billed beside its text.
const BYTES_PER_LOG_EVENT = 26;

// What includeExecutionData false leaves out.
const DATA = ['input', 'output', 'parameters', 'cause', 'assignedVariables'];

/**
 * Bytes that Step Functions would write to CloudWatch Logs about these runs at level ALL: one log event per event
 * of the history, in the shape of https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html.
 */
export function logBytes(runs: readonly ExecutionRecord[], { data }: { readonly data: boolean }): number {
  return runs.reduce(
    (sum, { history, executionArn }) =>
      sum + history.reduce((bytes, event) => bytes + bytesOf(toHistoryEvent(event), executionArn, data), 0),
    0,
  );
}

function bytesOf(event: object, executionArn: string, data: boolean): number {
  const { id, type, timestamp, previousEventId, ...rest } = event as Readonly<Record<string, unknown>>;
  const all = Object.assign({}, ...Object.values(rest)) as object;
  const details = Object.fromEntries(Object.entries(all).filter(([key]) => data || !DATA.includes(key)));
  const line = JSON.stringify({
    id: String(id),
    type,
    details: { ...details, ...(data && { inputDetails: { truncated: false } }) },
    redrive_count: '0',
    previous_event_id: String(previousEventId),
    event_timestamp: String((timestamp as Date).getTime()),
    execution_arn: executionArn,
  });
  return Buffer.byteLength(line) + BYTES_PER_LOG_EVENT;
}
