import type { Failure } from './classify-failure.ts';
import type { Row } from './data-api.ts';
import { RowReader } from './row-reader.ts';

/** The backoff in seconds, the attempts after which an event fails for good, and what that means for its key. */
export interface Backoff {
  readonly maxAttempts: number;
  /** Seconds before the second attempt; they double with every further attempt. */
  readonly backoffBaseSeconds: number;
  /** The longest wait in seconds. */
  readonly backoffMaxSeconds: number;
  /** Seconds after which an event that was given back is due again. */
  readonly outageDelaySeconds: number;
  /** Seconds for which outages give an event back without an attempt. After that, each outage consumes one. */
  readonly outageLimitSeconds: number;
  /** Whether the events of its key pass one that fails for good; false by default. */
  readonly skipFailed?: boolean;
}

/** The result of recording outcomes. */
export interface Recorded {
  /** Rows changed by this call. */
  readonly recorded: number;
  /** Of these, events that failed for good: they wait for a person. */
  readonly failedForGood: number;
  /**
   * Outcomes without a matching row: another run holds the event now, or it was deleted. When a call finds locked rows,
   * the call that repeats it reports these, so that each is counted once.
   */
  readonly lost: readonly string[];
  /** Events whose rows another session has locked, if any: a later call records them. */
  readonly locked?: readonly string[];
  /** Of the recorded rows, events that were not sent because of an earlier one of their key, if any. */
  readonly notSent?: number;
  /** The longest delay of the events marked processed: milliseconds from when an event could be published until now. */
  readonly maxDelayMs?: number;
}

// No outcome waits for a lock: a row that another session has locked does not prevent the recording of others, and calls
// that overlap cannot deadlock. A call locks the current version of a row, so a repeated call sees the result of the
// first. A row that changed since the statement began may be reported as locked; the repeated call sees the change.
export const heldOutcomes = (columns: string) => `
  outcome as materialized (
    select * from jsonb_to_recordset(cast(:outcomes as jsonb)) as o("eventId" uuid, ${columns})),
  held as materialized (
    select e.id, e.status, e.lease_token, e.event_bridge_id, e.attempts, e.given_back_since,
      e.ordering_key, e.sequence, e.skipped_at, o.*
    from outbox_events e join outcome o on o."eventId" = e.id
    for update of e skip locked),
  missing as materialized (
    select o."eventId" as id from outcome o where not exists (select from held h where h.id = o."eventId")),
  locked as materialized (select e.id from outbox_events e join missing m on m.id = e.id)`;

/**
 * Wakes the ordering keys of the changed rows, which have `was_skipped`, because the key of an event that had left the
 * order before waits for none. It waits for a claim that is looking at one of these keys: see outbox_wake_keys.
 * @param accepted the sequence of an event that the bus has accepted
 */
export const wakeKeys = (accepted: 'sequence' | 'cast(null as bigint)') => `
  (select cast(outbox_wake_keys(array_agg(ordering_key), array_agg(${accepted})) as text)
   from changed where ordering_key is not null and not was_skipped having count(*) > 0)`;

/** What a row that fails for good writes into `skipped_at`, when the events of its key are to pass it. */
export const SKIPPED_AT = `
  case when for_good and e.ordering_key is not null then coalesce(e.skipped_at, now()) else e.skipped_at end`;

export const LOCKED = `(select cast(coalesce(jsonb_agg(id), '[]') as text) from locked)`;

export const lostOutcomes = (recognized: string) => `
  (select coalesce(jsonb_agg(o."eventId"), '[]') from outcome o
   where not exists (select from changed c where c.id = o."eventId")
     and not exists (select from locked l where l.id = o."eventId")
     and not exists (select from held h where h.id = o."eventId" and (${recognized})))`;

// PostgreSQL refuses the NUL character and half a surrogate pair, which a cut may leave. One such text would
// make the call lose the outcomes of all its events.
export function storable({ errorType, message }: Failure): Pick<Failure, 'errorType' | 'message'> {
  const clean = (text: string) => Buffer.from(text, 'utf8').toString('utf8').replaceAll('\0', '\ufffd');
  return { errorType: clean(errorType), message: clean(message) };
}

/** Reads the one row that every outcome answers with. */
export function readRecorded(rows: readonly Row[]): Recorded {
  const row = new RowReader(rows[0]);
  const [lost, locked] = [2, 3].map((column) => JSON.parse(row.text(column)) as string[]);
  const counts = { recorded: row.number(0), failedForGood: row.number(1) };
  return locked?.length ? { ...counts, lost: [], locked } : { ...counts, lost: lost ?? [] };
}
