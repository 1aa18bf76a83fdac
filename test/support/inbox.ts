import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { fromPg, type InboxDatabase } from '../../inbox/index.ts';
import type { OutboxDatabase } from './outbox-database.ts';

/** The ids of the events whose work was done, in the order of the work. */
export const EFFECTS = 'create table effects (place serial, event_id uuid, consumer text)';

/** An event as EventBridge delivers it. */
export function delivered(detail: object = {}, envelope: object = {}) {
  return {
    source: 'shop.outbox',
    'detail-type': 'dish.rated',
    detail: { eventId: randomUUID(), aggregateId: '7', ...detail },
    ...envelope,
  };
}

/** The events of one key, each naming its predecessor. */
export function orderedEvents(orderingKey: string, sequences: readonly number[], envelope: object = {}) {
  return sequences.map((sequence, index) =>
    delivered(
      { orderingKey, sequence, ...(index > 0 && { previousSequence: sequences[index - 1] }) },
      envelope,
    ),
  );
}

/** Runs `work` in a transaction of pg. */
export async function inTransaction<T>(
  database: OutboxDatabase,
  work: (transaction: InboxDatabase, client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await database.connect();
  try {
    await client.query('begin');
    const result = await work(fromPg(client), client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

/** A work that leaves the event's id in `effects`. */
export function effectOn(client: pg.PoolClient, consumer = 'default') {
  return async ({ eventId }: { readonly eventId: string }) => {
    await client.query('insert into effects (event_id, consumer) values ($1, $2)', [eventId, consumer]);
  };
}

export async function effects(database: OutboxDatabase, consumer = 'default'): Promise<string[]> {
  const rows = await database.sql<{ event_id: string }>(
    'select event_id from effects where consumer = $1 order by place',
    [consumer],
  );
  return rows.map(({ event_id }) => event_id);
}
