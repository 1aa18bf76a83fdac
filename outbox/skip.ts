import type { DataApi } from './data-api.ts';
import { RowReader } from './row-reader.ts';

/** Who skipped an event, and when. */
export interface Skipped {
  readonly eventId: string;
  readonly orderingKey: string;
  /** ISO 8601, UTC. */
  readonly since: string;
  /** Undefined when the setting `orderingOnFailure` did. */
  readonly by?: string;
  readonly reason?: string;
}

// The first skip stays recorded. A trigger wakes the key.
const SKIP = `
  with found as materialized (
    select id, status, ordering_key from outbox_events where id = cast(:eventId as uuid) for update),
  skipped as (
    update outbox_events e
    set skipped_at = coalesce(e.skipped_at, now()),
      skipped_by = case when e.skipped_at is null then cast(:by as text) else e.skipped_by end,
      skip_reason = case when e.skipped_at is null then cast(:reason as text) else e.skip_reason end
    from found
    where e.id = found.id and found.status = 'FAILED' and found.ordering_key is not null
    returning e.skipped_at, e.skipped_by, e.skip_reason)
  select found.status, found.ordering_key,
    (select cast(floor(extract(epoch from skipped_at) * 1000) as bigint) from skipped),
    (select skipped_by from skipped), (select skip_reason from skipped)
  from found`;

/**
 * Takes a failed event out of the order of its key for good, so that the events behind it pass. Repeating the call
 * changes nothing. A redrive publishes a skipped event like one without a place.
 * @throws Error when there is no such event, it is not ordered, or it has not failed; nothing is changed then
 */
export async function skip(
  database: DataApi,
  eventId: string,
  by: string,
  reason?: string,
): Promise<Skipped> {
  const [found] = await database.query(SKIP, { eventId, by, reason: reason ?? null });
  if (found === undefined) throw new Error(`event ${eventId} is not in the outbox: nothing to skip`);
  const row = new RowReader(found);
  const orderingKey = row.optionalText(1);
  if (orderingKey === undefined)
    throw new Error(
      `event ${eventId} has no ordering key: no event waits for it, so there is nothing to skip`,
    );
  const since = row.optionalNumber(2);
  if (since === undefined)
    throw new Error(
      `event ${eventId} is ${row.text(0)}: only a failed event can be skipped, the others are still to be published or are published already`,
    );
  const [skippedBy, skipReason] = [row.optionalText(3), row.optionalText(4)];
  return {
    eventId,
    orderingKey,
    since: new Date(since).toISOString(),
    ...(skippedBy !== undefined && { by: skippedBy }),
    ...(skipReason !== undefined && { reason: skipReason }),
  };
}
