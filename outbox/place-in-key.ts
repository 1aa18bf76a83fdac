import type { DataApi } from './data-api.ts';
import { RowReader } from './row-reader.ts';

/** The counts of waiting events end here, which limits the cost of a query, however many there are. */
export const WAITING_LIMIT = 1_000;

/** SQL for the unfinished events of a key, in their order, along an index. What was skipped is not among them. */
export const unfinishedOf = (key: string) =>
  `from outbox_events e where e.ordering_key = ${key} and e.processed_at is null and e.skipped_at is null`;

/** SQL for how many unfinished events of a key come after a sequence, up to {@link WAITING_LIMIT}. */
export const waitingBehind = (key: string, sequence: string) =>
  `(select count(*) from (
    select ${unfinishedOf(key)} and e.sequence > ${sequence} limit ${WAITING_LIMIT}) as waiting)`;

const PLACE = `
  with event as (
    select status, ordering_key, sequence, processed_at is null and skipped_at is null as is_in_order
    from outbox_events where id = cast(:eventId as uuid)),
  head as (
    select first.* from event, lateral (
      select e.id, e.status, e.sequence ${unfinishedOf('event.ordering_key')} order by e.sequence limit 1) as first
    where first.sequence < event.sequence and event.is_in_order)
  select event.ordering_key, event.status,
    case when is_in_order then ${waitingBehind('event.ordering_key', 'event.sequence')} else 0 end,
    (select cast(id as text) from head), (select status from head)
  from event where event.ordering_key is not null`;

/** What an event of an ordering key waits for, and what waits for it. */
export interface PlaceInKey {
  readonly orderingKey: string;
  readonly status: string;
  /** Events of the key that come after it, up to {@link WAITING_LIMIT}; 0 when it is processed or was skipped. */
  readonly waitingBehind: number;
  /** The first unfinished event of the key, when that comes before this one. */
  readonly waitsFor?: { readonly eventId: string; readonly status: string };
}

/** Undefined when there is no such event, or when it has no ordering key. */
export async function readPlaceInKey(database: DataApi, eventId: string): Promise<PlaceInKey | undefined> {
  const [found] = await database.query(PLACE, { eventId });
  if (found === undefined) return undefined;
  const row = new RowReader(found);
  const headId = row.optionalText(3);
  return {
    orderingKey: row.text(0),
    status: row.text(1),
    waitingBehind: row.number(2),
    ...(headId !== undefined && { waitsFor: { eventId: headId, status: row.text(4) } }),
  };
}
