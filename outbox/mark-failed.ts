import type { Failure } from './classify-failure.ts';
import type { DataApi } from './data-api.ts';
import {
  type Backoff,
  heldOutcomes,
  LOCKED,
  lostOutcomes,
  type Recorded,
  readRecorded,
  SKIPPED_AT,
  storable,
  wakeKeys,
} from './outcomes.ts';
import { RowReader } from './row-reader.ts';

/** Why the event was not published. */
export interface Failed extends Failure {
  readonly eventId: string;
}

// A failure counts only with the token that claimed the event, and while the event has no other outcome. An outage or
// throttling gives the event back with its attempt. Outages do so for a limited time only, because this may be the
// event that the bus never answers: after that, each outage consumes an attempt, until the event has another outcome.
// An event that was not sent is due at once: the event before it decides when its key is.
const markFailedSql = (skipFailed: boolean) => `
  with ${heldOutcomes('kind text, "errorType" text, message text')},
  mine as materialized (
    select held.*, kind = 'not sent' or kind = 'throttled' or (kind = 'outage' and coalesce(
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
      due_at = case when not for_good then now() + case when kind = 'not sent' then interval '0' when given_back
        then outbox_backoff(1, cast(:outageDelaySeconds as integer), cast(:outageDelaySeconds as integer))
        else outbox_backoff(d.attempts, cast(:backoffBaseSeconds as integer), cast(:backoffMaxSeconds as integer))
      end end,
      attempts = d.attempts - cast(given_back as integer),
      given_back_since = case when kind = 'not sent' then d.given_back_since else case kind
        when 'outage' then coalesce(d.given_back_since, now()) when 'throttled' then d.given_back_since end end,
      ${skipFailed ? `skipped_at = ${SKIPPED_AT},` : ''}
      last_error_type = "errorType", last_error = message
    from decided d
    where e.id = d.id
    returning e.id, e.status, kind, e.ordering_key, d.skipped_at is not null as was_skipped)
  select (select count(*) from changed), (select count(*) from changed where status = 'FAILED'),
    cast(${lostOutcomes("h.lease_token = cast(:leaseToken as uuid) and h.status in ('PENDING', 'FAILED')")} as text), ${LOCKED},
    ${wakeKeys('cast(null as bigint)')}, (select count(*) from changed where kind = 'not sent')`;
const MARK_FAILED = markFailedSql(false);
const MARK_FAILED_AND_SKIP = markFailedSql(true);

/** Records failures: failed for good, backed off, or given back without consuming an attempt. */
export async function markFailed(
  database: DataApi,
  leaseToken: string,
  outcomes: readonly Failed[],
  { skipFailed = false, ...backoff }: Backoff,
): Promise<Recorded> {
  const stored = outcomes.map((outcome) => ({ ...outcome, ...storable(outcome) }));
  const parameters = { leaseToken, outcomes: JSON.stringify(stored), ...backoff };
  const rows = await database.query(skipFailed ? MARK_FAILED_AND_SKIP : MARK_FAILED, parameters);
  const notSent = new RowReader(rows[0]).optionalNumber(5) ?? 0;
  return { ...readRecorded(rows), ...(notSent > 0 && { notSent }) };
}
