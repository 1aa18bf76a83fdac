import type { DataApi, Row } from './data-api.ts';
import type { Failure } from './failure.ts';
import { RowReader } from './row.ts';

/** EventBridge accepted the event. */
export interface Published {
  readonly eventId: string;
  readonly eventBridgeId: string;
}

/** The event was not published, and why. */
export interface Failed extends Failure {
  readonly eventId: string;
}

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
const heldOutcomes = (columns: string) => `
  outcome as materialized (
    select * from jsonb_to_recordset(cast(:outcomes as jsonb)) as o("eventId" uuid, ${columns})),
  held as materialized (
    select e.id, e.status, e.lease_token, e.event_bridge_id, e.attempts, e.given_back_since, o.*
    from outbox_events e join outcome o on o."eventId" = e.id
    for update of e skip locked),
  missing as materialized (
    select o."eventId" as id from outcome o where not exists (select from held h where h.id = o."eventId")),
  locked as materialized (select e.id from outbox_events e join missing m on m.id = e.id)`;

const LOCKED = `(select cast(coalesce(jsonb_agg(id), '[]') as text) from locked)`;

const lostOutcomes = (recognized: string) => `
  (select coalesce(jsonb_agg(o."eventId"), '[]') from outcome o
   where not exists (select from changed c where c.id = o."eventId")
     and not exists (select from locked l where l.id = o."eventId")
     and not exists (select from held h where h.id = o."eventId" and (${recognized})))`;

// A success is a fact: it is recorded whoever holds the lease. It is not lost when it is already on record.
const MARK_PROCESSED = `
  with ${heldOutcomes('"eventBridgeId" text')},
  changed as (
    update outbox_events e
    set status = 'PROCESSED', due_at = null, processed_at = now(), failed_at = null,
      event_bridge_id = held."eventBridgeId", last_error_type = null, last_error = null, given_back_since = null
    from held
    where e.id = held.id and held.status <> 'PROCESSED'
    returning e.id, e.ready_at)
  select (select count(*) from changed), 0,
    cast(${lostOutcomes('h.status = \'PROCESSED\' and h.event_bridge_id = h."eventBridgeId"')} as text),
    ${LOCKED},
    cast((select extract(epoch from now() - min(ready_at)) * 1000 from changed) as double precision)`;

/** Marks events processed. Repeating the call changes nothing. */
export async function markProcessed(database: DataApi, outcomes: readonly Published[]): Promise<Recorded> {
  const rows = await database.query(MARK_PROCESSED, { outcomes: JSON.stringify(outcomes) });
  const maxDelayMs = new RowReader(rows[0]).optionalNumber(4);
  return { ...recorded(rows), ...(maxDelayMs !== undefined && { maxDelayMs }) };
}

// A failure is an opinion: it counts only under the token that claimed the event and while nobody knows more. What
// an outage or throttling hit is given back with its attempt, but outages give an event back for a limited time: it
// may be the event that the bus never answers. From then on each one costs it an attempt, until another outcome.
const MARK_FAILED = `
  with ${heldOutcomes('kind text, "errorType" text, message text')},
  mine as materialized (
    select held.*, kind = 'throttled' or (kind = 'outage' and coalesce(
      given_back_since + make_interval(secs => cast(:outageLimitSeconds as integer)) > now(), true)) as given_back
    from held
    where status = 'PROCESSING' and lease_token = cast(:leaseToken as uuid)),
  decided as materialized (
    select mine.*,
      kind = 'permanent' or (not given_back and attempts >= cast(:maxAttempts as integer)) as for_good
    from mine),
  changed as (
    update outbox_events e
    set status = case when for_good then 'FAILED' else 'PENDING' end,
      failed_at = case when for_good then now() end,
      due_at = case when not for_good then now() + case when given_back
        then outbox_backoff(1, cast(:outageDelaySeconds as integer), cast(:outageDelaySeconds as integer))
        else outbox_backoff(d.attempts, cast(:backoffBaseSeconds as integer), cast(:backoffMaxSeconds as integer))
      end end,
      attempts = d.attempts - cast(given_back as integer),
      given_back_since = case kind
        when 'outage' then coalesce(d.given_back_since, now()) when 'throttled' then d.given_back_since end,
      last_error_type = "errorType", last_error = message
    from decided d
    where e.id = d.id
    returning e.id, e.status)
  select (select count(*) from changed), (select count(*) from changed where status = 'FAILED'),
    cast(${lostOutcomes("h.lease_token = cast(:leaseToken as uuid) and h.status in ('PENDING', 'FAILED')")} as text), ${LOCKED}`;

/** Records failures: failed for good, backed off, or given back without consuming an attempt. */
export async function markFailed(
  database: DataApi,
  leaseToken: string,
  outcomes: readonly Failed[],
  backoff: Backoff,
): Promise<Recorded> {
  const stored = outcomes.map((outcome) => ({ ...outcome, ...storable(outcome) }));
  const parameters = { leaseToken, outcomes: JSON.stringify(stored), ...backoff };
  return recorded(await database.query(MARK_FAILED, parameters));
}

// The attempt stays consumed: whatever made the run fail may be one of these very events.
const RELEASE = `
  with held as materialized (
    select id, attempts >= cast(:maxAttempts as integer) as for_good
    from outbox_events
    where lease_token = cast(:leaseToken as uuid) and status = 'PROCESSING'
    for update skip locked),
  locked as materialized (
    select id from outbox_events e
    where lease_token = cast(:leaseToken as uuid) and status = 'PROCESSING'
      and not exists (select from held h where h.id = e.id)),
  changed as (
    update outbox_events e
    set status = case when for_good then 'FAILED' else 'PENDING' end,
      failed_at = case when for_good then now() end,
      due_at = case when not for_good
        then now() + outbox_backoff(attempts, cast(:backoffBaseSeconds as integer), cast(:backoffMaxSeconds as integer))
      end,
      last_error_type = cast(:errorType as text), last_error = cast(:message as text), given_back_since = null
    from held
    where e.id = held.id
    returning e.status)
  select (select count(*) from changed), (select count(*) from changed where status = 'FAILED'), '[]', ${LOCKED}`;

/** Gives back what a failed run still holds. Its events may have been published. */
export async function release(
  database: DataApi,
  leaseToken: string,
  failure: Failure,
  { maxAttempts, backoffBaseSeconds, backoffMaxSeconds }: Backoff,
): Promise<Recorded> {
  const settings = { maxAttempts, backoffBaseSeconds, backoffMaxSeconds };
  return recorded(await database.query(RELEASE, { leaseToken, ...storable(failure), ...settings }));
}

// PostgreSQL refuses the character zero and half a surrogate pair, which a cut may leave. One such text would
// cost every event of the call its outcome.
function storable({ errorType, message }: Failure): Pick<Failure, 'errorType' | 'message'> {
  const clean = (text: string) => Buffer.from(text, 'utf8').toString('utf8').replaceAll('\0', '\ufffd');
  return { errorType: clean(errorType), message: clean(message) };
}

function recorded(rows: readonly Row[]): Recorded {
  const row = new RowReader(rows[0]);
  const [lost, locked] = [2, 3].map((column) => JSON.parse(row.text(column)) as string[]);
  const counts = { recorded: row.number(0), failedForGood: row.number(1) };
  return locked?.length ? { ...counts, lost: [], locked } : { ...counts, lost: lost ?? [] };
}
