import type { Failure } from './classify-failure.ts';
import type { DataApi } from './data-api.ts';
import { type Backoff, LOCKED, type Recorded, readRecorded, storable } from './outcomes.ts';

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
  return readRecorded(await database.query(RELEASE, { leaseToken, ...storable(failure), ...settings }));
}
