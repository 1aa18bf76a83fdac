import type { Failure } from './classify.ts';
import type { Row } from './data-api.ts';
import { RowReader } from './row-reader.ts';

/** Seconds, and attempts after which an event fails for good. */
export interface Backoff {
  readonly maxAttempts: number;
  /** Seconds before the second attempt; doubles with every further one. */
  readonly backoffBaseSeconds: number;
  /** Seconds that a wait never exceeds. */
  readonly backoffMaxSeconds: number;
  /** Seconds after which an event that was given back is due again. */
  readonly outageDelaySeconds: number;
  /** Seconds for which outages give an event back. After that they cost it attempts. */
  readonly outageLimitSeconds: number;
}

/** What became of the rows that an outcome was recorded for. */
export interface Recorded {
  /** Rows changed by this call. */
  readonly recorded: number;
  /** Of these, failed for good: they wait for a person. */
  readonly failedForGood: number;
  /**
   * Outcomes that found no row to apply to: somebody else holds the event now, or it is gone. Those of a call that
   * met locked rows are told by the call that repeats it, so that each is counted once.
   */
  readonly lost: readonly string[];
  /** Events whose rows another session has locked, if there are any: to be recorded by a later call. */
  readonly locked?: readonly string[];
  /** Milliseconds from when an event could be published to now, the longest of those marked processed. */
  readonly maxDelayMs?: number;
}

// No outcome waits for a lock: a row that another session has locked keeps no other row from being recorded, and calls
// that overlap cannot deadlock. What is locked is the row as it is now, so a call that repeats another one sees what
// that one did. A row that changed since the statement began may be reported as locked; the repeated call sees it.
export const heldOutcomes = (columns: string) => `
  outcome as materialized (
    select * from jsonb_to_recordset(cast(:outcomes as jsonb)) as o("eventId" uuid, ${columns})),
  held as materialized (
    select e.id, e.status, e.lease_token, e.event_bridge_id, e.attempts, e.given_back_since, o.*
    from outbox_events e join outcome o on o."eventId" = e.id
    for update of e skip locked),
  missing as materialized (
    select o."eventId" as id from outcome o where not exists (select from held h where h.id = o."eventId")),
  locked as materialized (select e.id from outbox_events e join missing m on m.id = e.id)`;

export const LOCKED = `(select cast(coalesce(jsonb_agg(id), '[]') as text) from locked)`;

export const lostOutcomes = (recognized: string) => `
  (select coalesce(jsonb_agg(o."eventId"), '[]') from outcome o
   where not exists (select from changed c where c.id = o."eventId")
     and not exists (select from locked l where l.id = o."eventId")
     and not exists (select from held h where h.id = o."eventId" and (${recognized})))`;

// PostgreSQL refuses the character zero and half a surrogate pair, which a cut may leave. One such text would
// cost every event of the call its outcome.
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
