import { fromPg, handleSqsBatch, processInOrder, type SqsMessage } from 'outbox-processor/inbox';
import { Pool } from 'pg';

const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 1 });
pool.on('error', (error) => console.warn('a connection was lost', error));

/** What Lambda calls with messages of the queue. What it answers comes back later. */
export const handler = (event: { readonly Records: readonly SqsMessage[] }) => handleSqsBatch(event, rate);

/** The stars of a dish are counted exactly once, however often the event is delivered. */
async function rate(body: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await processInOrder(fromPg(client), body, async ({ aggregateId, detail }) => {
      await client.query('update dishes set stars = stars + $2 where id = $1', [
        aggregateId,
        detail['stars'],
      ]);
    });
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}
