import type { Pool, PoolClient } from 'pg';

/** The dish and its event are committed together, or neither is. */
export function addDish(pool: Pool, dish: { id: string; name: string }): Promise<void> {
  return transaction(pool, async (client) => {
    await client.query('insert into dishes (id, name) values ($1, $2)', [dish.id, dish.name]);
    await client.query('insert into outbox_events (aggregate_id, event_type, payload) values ($1, $2, $3)', [
      dish.id,
      'dish.created',
      JSON.stringify({ name: dish.name }),
    ]);
  });
}

/** Events of one dish are published in the order of these commits. */
export function renameDish(pool: Pool, dish: { id: string; name: string }): Promise<void> {
  return transaction(pool, async (client) => {
    await client.query('update dishes set name = $2 where id = $1', [dish.id, dish.name]);
    await client.query(
      'insert into outbox_events (aggregate_id, event_type, payload, ordering_key) values ($1, $2, $3, $4)',
      [dish.id, 'dish.renamed', JSON.stringify({ name: dish.name }), `dish ${dish.id}`],
    );
  });
}

async function transaction(pool: Pool, work: (client: PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await work(client);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}
