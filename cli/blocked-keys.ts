import type { TransactionalDataApi } from '../outbox/data-api.ts';
import { unfinishedOf, waitingBehind } from '../outbox/place-in-key.ts';
import { RowReader } from '../outbox/row-reader.ts';
import { readRows } from './read-in-parts.ts';
import { atMost, isoTime } from './sql-columns.ts';

const IS_WANTED = '(cast(:key as text) is null or ordering_key = cast(:key as text))';

// A claim writes into the queue that a key is blocked. A key whose event failed after that claim is still due there,
// among those that were woken last.
const BLOCKED_KEYS = `
  with key as (
    (select ordering_key from outbox_ordering_queue where due_at is null and ${IS_WANTED}
     order by blocked_at limit 1000)
    union all
    (select ordering_key from outbox_ordering_queue where due_at <= now() and ${IS_WANTED}
     order by due_at desc limit 1000)),
  blocked as materialized (
    select key.ordering_key, head.* from key, lateral (
      select e.id, e.sequence, e.status, e.event_type, e.failed_at, e.last_error_type, e.last_error
      ${unfinishedOf('key.ordering_key')} order by e.sequence limit 1) as head
    where head.status = 'FAILED'
    order by head.failed_at, head.sequence
    limit cast(:limit as bigint) offset cast(:offset as bigint))
  select ordering_key, cast(id as text), event_type, ${isoTime('failed_at')}, ${atMost(500, 'last_error_type')},
    ${atMost(4_000, 'last_error')}, ${waitingBehind('blocked.ordering_key', 'blocked.sequence')}
  from blocked order by failed_at, sequence`;

/** An ordering key that waits, because its first unfinished event has failed. */
export interface BlockedKey {
  readonly orderingKey: string;
  /** When that event failed. */
  readonly since: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly errorType: string | null;
  readonly error: string | null;
  /** The events that wait behind it, counted up to 1,000. */
  readonly waitingBehind: number;
}

/** The keys that have been blocked longest, at most 500; or the one with this name. */
export async function readBlockedKeys(
  database: TransactionalDataApi,
  limit: number,
  orderingKey?: string,
): Promise<readonly BlockedKey[]> {
  const rows = await readRows(database, BLOCKED_KEYS, { key: orderingKey ?? null }, limit);
  return rows.map((columns) => {
    const row = new RowReader(columns);
    return {
      orderingKey: row.text(0),
      since: row.text(3),
      eventId: row.text(1),
      eventType: row.text(2),
      errorType: row.optionalText(4) ?? null,
      error: row.optionalText(5) ?? null,
      waitingBehind: row.number(6),
    };
  });
}
