import { type CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import * as z from 'zod';

/** One event of a run's history, as Step Functions writes it to CloudWatch Logs. */
export interface LogLine {
  readonly id: number;
  readonly previousEventId: number;
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly executionArn: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const schema = z.object({
  id: z.coerce.number(),
  type: z.string(),
  details: z.record(z.string(), z.unknown()).default({}),
  previous_event_id: z.coerce.number(),
  event_timestamp: z.coerce.number(),
  execution_arn: z.string(),
});

export interface Search {
  readonly logGroupName: string;
  readonly filterPattern: string;
  /** Milliseconds since 1970, both inclusive. */
  readonly from: number;
  readonly to: number;
  /** Answers of at most 1 MB that are read. */
  readonly maxPages: number;
}

export interface Found {
  readonly lines: readonly LogLine[];
  /** Whether there is more in the range than was read. */
  readonly more: boolean;
}

/** Reads forward in time, because CloudWatch Logs cannot read backward. A line may be delivered twice. */
export async function readLogLines(logs: CloudWatchLogsClient, search: Search): Promise<Found> {
  const { logGroupName, filterPattern, from, to, maxPages } = search;
  const lines: LogLine[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const answer = await logs.send(
      new FilterLogEventsCommand({
        logGroupName,
        filterPattern,
        startTime: Math.max(0, from),
        endTime: Math.max(0, to),
        nextToken,
      }),
    );
    for (const { message = '' } of answer.events ?? []) {
      const line = readLine(message);
      if (line !== undefined) lines.push(line);
    }
    nextToken = answer.nextToken;
    if (nextToken === undefined) return { lines, more: false };
  }
  return { lines, more: true };
}

/** A detail of a line, if it is a text. */
export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Undefined for a line that is no event of a history: somebody else may write to the group. */
function readLine(message: string): LogLine | undefined {
  const { data } = schema.safeParse(parse(message));
  return (
    data && {
      id: data.id,
      previousEventId: data.previous_event_id,
      type: data.type,
      at: data.event_timestamp,
      executionArn: data.execution_arn,
      details: data.details,
    }
  );
}

function parse(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
}
