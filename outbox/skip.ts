import type { DataApi, Row } from './data-api.ts';
import { waitingBehind } from './place-in-key.ts';
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

/** What a skip of an event would do. */
export interface Skippable {
  readonly orderingKey: string;
  /** The events of its key that would pass, counted up to 1,000. */
  readonly waitingBehind: number;
  /** When it was skipped before: another skip changes nothing. */
  readonly skipped?: Skipped;
}

const SINCE = 'cast(floor(extract(epoch from skipped_at) * 1000) as bigint)';

const SKIPPABLE = `
  select status, ordering_key, ${SINCE}, skipped_by, skip_reason,
    case when skipped_at is null then ${waitingBehind('event.ordering_key', 'event.sequence')} else 0 end
  from outbox_events as event where id = cast(:eventId as uuid)`;

/** Reads what a skip would do, or why there is none. Changes nothing. */
export async function readSkippable(
  database: DataApi,
  eventId: string,
): Promise<Skippable | { readonly refusal: string }> {
  const [found] = await database.query(SKIPPABLE, { eventId });
  const refusal = refusalOf(eventId, found);
  if (refusal !== undefined) return { refusal };
  const row = new RowReader(found);
  const skipped = row.optionalNumber(2) === undefined ? undefined : readSkipped(eventId, row);
  return {
    orderingKey: row.text(1),
    waitingBehind: row.number(5),
    ...(skipped !== undefined && { skipped }),
  };
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
  select found.status, found.ordering_key, (select ${SINCE} from skipped),
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
  const refusal = refusalOf(eventId, found);
  if (refusal !== undefined) throw new Error(refusal);
  return readSkipped(eventId, new RowReader(found));
}

function refusalOf(eventId: string, found: Row | undefined): string | undefined {
  if (found === undefined) return `event ${eventId} is not in the outbox: nothing to skip`;
  const row = new RowReader(found);
  if (row.optionalText(1) === undefined)
    return `event ${eventId} has no ordering key: no event waits for it, so there is nothing to skip`;
  if (row.text(0) !== 'FAILED')
    return `event ${eventId} is ${row.text(0)}: only a failed event can be skipped, the others are still to be published or are published already`;
  return undefined;
}

function readSkipped(eventId: string, row: RowReader): Skipped {
  const [by, reason] = [row.optionalText(3), row.optionalText(4)];
  return {
    eventId,
    orderingKey: row.text(1),
    since: new Date(row.number(2)).toISOString(),
    ...(by !== undefined && { by }),
    ...(reason !== undefined && { reason }),
  };
}
