import type { Pool } from 'pg';

/** The dish and its event are committed together, or neither is. */
export async function addDish(pool: Pool, dish: { id: string; name: string }): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('insert into dishes (id, name) values ($1, $2)', [dish.id, dish.name]);
    await client.query('insert into outbox_events (aggregate_id, event_type, payload) values ($1, $2, $3)', [
      dish.id,
      'dish.created',
      JSON.stringify({ name: dish.name }),
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}
