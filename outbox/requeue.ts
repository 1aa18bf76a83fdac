import type { DataApi } from './data-api.ts';
import { LOCKED, wakeKeys } from './outcomes.ts';
import { RowReader } from './row-reader.ts';

/** Which failed events are redriven. All given conditions must hold. */
export interface RedriveFilter {
  /** Events that failed in this run of the processor. */
  readonly executionArn?: string;
  /** Also the events that this run still holds. Only a person can know that an Express execution has stopped. */
  readonly runIsStopped?: boolean;
  readonly eventIds?: readonly string[];
  readonly eventType?: string;
  readonly aggregateId?: string;
  /** `last_error_type`, e.g. `MalformedDetail` or `LeaseExpired`. */
  readonly errorType?: string;
  /** ISO 8601, inclusive. */
  readonly failedAfter?: string;
  /** ISO 8601, exclusive. */
  readonly failedBefore?: string;
}

// A parameter that is null sets no condition.
const MATCHES = `
  (status = 'FAILED' or (cast(:runIsStopped as boolean) and status = 'PROCESSING'))
  and (cast(:executionArn as text) is null or run_id = cast(:executionArn as text))
  and (cast(:eventIds as jsonb) is null
    or id in (select cast(value as uuid) from jsonb_array_elements_text(cast(:eventIds as jsonb))))
  and (cast(:eventType as text) is null or event_type = cast(:eventType as text))
  and (cast(:aggregateId as text) is null or aggregate_id = cast(:aggregateId as text))
  and (cast(:errorType as text) is null or last_error_type = cast(:errorType as text))
  and (cast(:failedAfter as timestamptz) is null or failed_at >= cast(:failedAfter as timestamptz))
  and (cast(:failedBefore as timestamptz) is null or failed_at < cast(:failedBefore as timestamptz))`;

// A retried call must not take more than the first one would have: rows with the id of this redrive count towards its
// limit and are never taken again. Locked rows are skipped, however many come first. They are searched only when there
// are fewer unlocked rows than wanted. A row that has changed since the statement began counts as locked too: the next
// call sees its new state. Wakes the keys of all rows in one order, because the trigger would do so in the order of the
// rows, and could deadlock with an outcome.
const REQUEUE = `
  with taken as materialized (
    select count(*) as rows from outbox_events where redrive_id = cast(:redriveId as text)),
  wanted as materialized (
    select least(cast(:batch as bigint), greatest(0, cast(:limit as bigint) - rows)) as rows from taken),
  candidate as materialized (
    select id from outbox_events
    where ${MATCHES} and redrive_id is distinct from cast(:redriveId as text)
    order by failed_at, sequence
    limit (select rows from wanted)
    for update skip locked),
  locked as materialized (
    select id from outbox_events
    where (select count(*) from candidate) < (select rows from wanted)
      and ${MATCHES} and redrive_id is distinct from cast(:redriveId as text)
      and id not in (select id from candidate)
    limit (select rows from wanted)),
  changed as (
    update outbox_events e
    set status = 'PENDING', due_at = e.ready_at, failed_at = null, attempts = 0, lease_token = null,
      given_back_since = null,
      redrive_id = cast(:redriveId as text), redrives = e.redrives + 1
    from candidate
    where e.id = candidate.id
    returning e.id, e.ordering_key, e.skipped_at is not null as was_skipped)
  select (select count(*) from changed), (select rows from taken) + (select count(*) from changed),
    ${LOCKED},
    ${wakeKeys('cast(null as bigint)')}`;

export interface Requeued {
  /** Events that this call made due again. */
  readonly requeued: number;
  /** Events that this redrive has made due again so far. */
  readonly total: number;
  /** Events whose rows another session has locked, when no other matching events are left: a later call takes them. */
  readonly locked?: readonly string[];
  /** Whether another call may find more events at once. */
  readonly more: boolean;
}

/** Makes failed events due again: the same ids, new attempts, before all younger events. */
export async function requeue(
  database: DataApi,
  redriveId: string,
  filter: RedriveFilter,
  { limit, batch }: { readonly limit: number; readonly batch: number },
): Promise<Requeued> {
  const rows = await database.query(REQUEUE, { ...parameters(filter), redriveId, limit, batch });
  const row = new RowReader(rows[0]);
  const requeued = row.number(0);
  const total = row.number(1);
  const locked = JSON.parse(row.text(2)) as string[];
  const more = requeued === batch && total < limit;
  return { requeued, total, more, ...(locked.length > 0 && { locked }) };
}

// The same events as a redrive with this limit takes.
const COUNT_MATCHES = `
  select count(*), count(skipped_at)
  from (
    select skipped_at from outbox_events where ${MATCHES}
    order by failed_at, sequence limit cast(:limit as bigint)) as matching`;

export interface Matches {
  readonly matching: number;
  /** Of these, events that were skipped: they are published without a place, after younger events of their key. */
  readonly outOfOrder: number;
}

/** How many events a redrive with this filter would requeue. Changes nothing. */
export async function countMatches(
  database: DataApi,
  filter: RedriveFilter,
  limit: number,
): Promise<Matches> {
  const rows = await database.query(COUNT_MATCHES, { ...parameters(filter), limit });
  const row = new RowReader(rows[0]);
  return { matching: row.number(0), outOfOrder: row.optionalNumber(1) ?? 0 };
}

function parameters(filter: RedriveFilter) {
  return {
    executionArn: filter.executionArn ?? null,
    runIsStopped: filter.runIsStopped ?? false,
    eventIds: filter.eventIds === undefined ? null : JSON.stringify(filter.eventIds),
    eventType: filter.eventType ?? null,
    aggregateId: filter.aggregateId ?? null,
    errorType: filter.errorType ?? null,
    failedAfter: filter.failedAfter ?? null,
    failedBefore: filter.failedBefore ?? null,
  };
}
