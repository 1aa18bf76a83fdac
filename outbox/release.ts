import type { Failure } from './classify-failure.ts';
import type { DataApi } from './data-api.ts';
import {
  type Backoff,
  LOCKED,
  type Recorded,
  readRecorded,
  SKIPPED_AT,
  storable,
  wakeKeys,
} from './outcomes.ts';

// The attempt stays consumed: one of these events may have made the run fail.
const releaseSql = (skipFailed: boolean) => `
  with held as materialized (
    select id, attempts >= cast(:maxAttempts as integer) as for_good, skipped_at is not null as was_skipped
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
      ${skipFailed ? `, skipped_at = ${SKIPPED_AT}` : ''}
    from held
    where e.id = held.id
    returning e.status, e.ordering_key, was_skipped)
  select (select count(*) from changed), (select count(*) from changed where status = 'FAILED'), '[]', ${LOCKED},
    ${wakeKeys('cast(null as bigint)')}`;
const RELEASE = releaseSql(false);
const RELEASE_AND_SKIP = releaseSql(true);

/** Gives back the events that a failed run still holds. They may have been published. */
export async function release(
  database: DataApi,
  leaseToken: string,
  failure: Failure,
  { maxAttempts, backoffBaseSeconds, backoffMaxSeconds, skipFailed = false }: Backoff,
): Promise<Recorded> {
  const settings = { maxAttempts, backoffBaseSeconds, backoffMaxSeconds };
  return readRecorded(
    await database.query(skipFailed ? RELEASE_AND_SKIP : RELEASE, {
      leaseToken,
      ...storable(failure),
      ...settings,
    }),
  );
}
