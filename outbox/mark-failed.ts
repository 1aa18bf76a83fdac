import type { Failure } from './classify-failure.ts';
import type { DataApi } from './data-api.ts';
import {
  type Backoff,
  heldOutcomes,
  LOCKED,
  lostOutcomes,
  type Recorded,
  readRecorded,
  storable,
} from './outcomes.ts';

/** Why the event was not published. */
export interface Failed extends Failure {
  readonly eventId: string;
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
  return readRecorded(await database.query(MARK_FAILED, parameters));
}
