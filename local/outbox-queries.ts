import type { Pool } from 'pg';

/** Which events to list. An event must match all given conditions. */
export interface EventFilter {
  readonly status?: EventStatus | undefined;
  readonly eventType?: string | undefined;
  readonly aggregateId?: string | undefined;
  readonly errorType?: string | undefined;
  /** ARN of the execution that claimed the event last. */
  readonly run?: string | undefined;
  readonly id?: string | undefined;
}

export const eventStatuses = ['pending', 'processing', 'processed', 'failed'] as const;

export type EventStatus = (typeof eventStatuses)[number];

// Written like the conditions of the partial indexes, so that the cost depends on their size and not on the history.
const conditions: Readonly<Record<EventStatus, string>> = {
  pending: "due_at is not null and status = 'PENDING'",
  processing: "status = 'PROCESSING'",
  processed: "status = 'PROCESSED'",
  failed: "status = 'FAILED'",
};

const columns = {
  eventType: 'event_type = ',
  aggregateId: 'aggregate_id = ',
  errorType: 'last_error_type = ',
  run: 'run_id = ',
  id: 'id = ',
} as const;

const PAGE_ROWS = 100;
const MOST_COUNTED = 1_000;
const PREVIEW_CHARACTERS = 160;
const ID_CHARACTERS = 512;

export interface EventPage {
  readonly events: readonly Readonly<Record<string, unknown>>[];
  /** `before` of the next page; null on the last one. */
  readonly next: string | null;
  /** The number of matching events, counted up to a limit. */
  readonly matching: { readonly count: number; readonly more: boolean };
}

/** A page of events, newest first. */
export async function listEvents(pool: Pool, filter: EventFilter, before?: number): Promise<EventPage> {
  const parameters: string[] = [];
  const placeholder = (value: string) => `$${parameters.push(value)}`;
  const matches = [
    filter.status === undefined ? 'true' : conditions[filter.status],
    ...Object.entries(columns).flatMap(([name, comparison]) => {
      const value = filter[name as keyof typeof columns];
      return value === undefined ? [] : [comparison + placeholder(value)];
    }),
  ].join(' and ');
  const counted = pool.query<{ count: number }>(
    `select count(*)::int from (select from outbox_events where ${matches} limit ${MOST_COUNTED + 1}) as matching`,
    [...parameters],
  );
  const position = before === undefined ? '' : `and sequence < ${placeholder(String(before))}`;
  // Reads the payloads of this page only, so that sorting does not carry them. Unbounded columns are truncated.
  const listed = pool.query(
    `with page as materialized (
       select id, sequence from outbox_events where ${matches} ${position} order by sequence desc limit ${PAGE_ROWS + 1})
     select id, sequence::text, lower(status) as status, aggregate_type as "aggregateType",
       left(aggregate_id, ${ID_CHARACTERS}) as "aggregateId", event_type as "eventType", attempts, redrives,
       due_at as "dueAt", created_at as "createdAt", left(last_error_type, ${PREVIEW_CHARACTERS}) as "errorType", left(last_error, ${PREVIEW_CHARACTERS}) as error,
       detail_bytes as bytes,
       left(payload::text, ${PREVIEW_CHARACTERS}) as payload
     from page join outbox_events using (id, sequence) order by page.sequence desc`,
    parameters,
  );
  const [{ rows: counts }, { rows }] = await Promise.all([counted, listed]);
  const count = counts[0]?.count ?? 0;
  const events = rows.slice(0, PAGE_ROWS);
  return {
    events,
    next: rows.length > PAGE_ROWS ? events.at(-1).sequence : null,
    matching: { count: Math.min(count, MOST_COUNTED), more: count > MOST_COUNTED },
  };
}

/** The complete row. The payload stays a text of PostgreSQL, because JavaScript would round its numbers. */
export async function readEvent(pool: Pool, id: string): Promise<object | undefined> {
  const { rows } = await pool.query<object>(
    `select id, sequence::text, lower(status) as status, aggregate_type as "aggregateType", aggregate_id as "aggregateId",
       event_type as "eventType", attempts, redrives, redrive_id as "redriveId", run_id as "runId",
       lease_token as "leaseToken", due_at as "dueAt", ready_at as "readyAt", created_at as "createdAt",
       processed_at as "processedAt", failed_at as "failedAt", last_error_type as "errorType", last_error as error,
       event_bridge_id as "eventBridgeId", trace_header as "traceHeader", detail_bytes as bytes,
       jsonb_pretty(payload::jsonb) as payload
     from outbox_events where id = $1`,
    [id],
  );
  return rows[0];
}

/** The failed events by error type and event type. */
export async function failureReasons(pool: Pool): Promise<readonly object[]> {
  const { rows } = await pool.query<object>(
    `select coalesce(last_error_type, 'Unknown') as "errorType", event_type as "eventType", count(*)::int as events
     from outbox_events where status = 'FAILED' group by 1, 2 order by 3 desc, 1, 2 limit 12`,
  );
  return rows;
}
