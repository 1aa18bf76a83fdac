import type { DataApi, Row } from './data-api.ts';
import type { Failure } from './failure.ts';
import { RowReader } from './row.ts';

/** EventBridge accepted the event. */
export interface Published {
  readonly eventId: string;
  readonly eventBridgeId: string;
}

/** Why the event was not published. */
export interface Failed extends Failure {
  readonly eventId: string;
}

/** The backoff in seconds, and the attempts after which an event fails for good. */
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
  /** The longest delay of the events marked processed: milliseconds from when an event could be published until now. */
  readonly maxDelayMs?: number;
}

// No outcome waits for a lock: a row that another session has locked does not prevent the recording of others, and calls
// that overlap cannot deadlock. A call locks the current version of a row, so a repeated call sees the result of the
// first. A row that changed since the statement began may be reported as locked; the repeated call sees the change.
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

// A success is recorded whoever holds the lease. An outcome that is already recorded is not reported as lost.
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

// A failure counts only with the token that claimed the event, and while the event has no other outcome. An outage or
// throttling gives the event back with its attempt. Outages do so for a limited time only, because this may be the
// event that the bus never answers: after that, each outage consumes an attempt, until the event has another outcome.
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

// The attempt stays consumed: one of these events may have made the run fail.
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

/** Gives back the events that a failed run still holds. They may have been published. */
export async function release(
  database: DataApi,
  leaseToken: string,
  failure: Failure,
  { maxAttempts, backoffBaseSeconds, backoffMaxSeconds }: Backoff,
): Promise<Recorded> {
  const settings = { maxAttempts, backoffBaseSeconds, backoffMaxSeconds };
  return recorded(await database.query(RELEASE, { leaseToken, ...storable(failure), ...settings }));
}

// PostgreSQL refuses the NUL character and half a surrogate pair, which a cut may leave. One such text would
// make the call lose the outcomes of all its events.
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
