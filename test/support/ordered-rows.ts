import type pg from 'pg';
import type { ClaimedEvent } from '../../outbox/event.ts';
import type { OutboxDatabase } from './outbox-database.ts';

type Runs = Pick<pg.PoolClient, 'query'>;

/** Inserts one event of each key in one statement, null for none, and returns their ids. */
export async function insertOrdered(client: Runs, keys: readonly (string | null)[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `insert into outbox_events (aggregate_id, event_type, payload, ordering_key)
     select 'order-1', 'order.placed', '{}', key from unnest($1::text[]) with ordinality as k(key, n) order by n returning id`,
    [keys],
  );
  return rows.map(({ id }) => id);
}

/** Inserts events, each in a transaction of its own. */
export async function insertOneByOne(database: OutboxDatabase, keys: readonly string[]): Promise<string[]> {
  const client = await database.connect();
  try {
    const ids: string[] = [];
    for (const key of keys) ids.push(...(await insertOrdered(client, [key])));
    return ids;
  } finally {
    client.release();
  }
}

/** Empties the outbox, its keys and their queue. */
export const emptyOutbox = ({ sql }: OutboxDatabase) =>
  sql('truncate outbox_events, outbox_ordering_keys, outbox_ordering_queue');

export interface QueuedKey {
  readonly due: boolean;
  readonly blocked: boolean;
  /** As the driver returns a bigint. */
  readonly accepted: string | null;
}

/** The state of a key in the queue, undefined while it is idle. */
export async function queuedKey({ sql }: OutboxDatabase, key: string): Promise<QueuedKey | undefined> {
  const [found] = await sql<{ due: boolean; blocked: boolean; accepted: string | null }>(
    `select coalesce(due_at <= now(), false) as due, blocked_at is not null as blocked, accepted_sequence as accepted
     from outbox_ordering_queue where ordering_key = $1`,
    [key],
  );
  return found;
}

export const placesOf = (events: readonly ClaimedEvent[]) =>
  events.map(({ eventId, orderingKey, previousSequence, sequence }) => ({
    eventId,
    orderingKey,
    sequence,
    previousSequence,
  }));
