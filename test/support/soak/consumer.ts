import pg from 'pg';
import { createInbox, fromPg, handleSqsBatch, OutOfOrder, processInOrder } from '../../../inbox/index.ts';
import type { Detail, Ledger } from './ledger.ts';
import type { Random } from './random.ts';

// How far one event may overtake others between the bus and the consumer, and how many arrive together.
const WINDOW = 30;
const BATCH = 10;

class Interrupted extends Error {}

/** Feeds a consumer with the log of the bus, shuffled, repeated and interrupted, and checks its effects. */
export async function consume(url: string, ledger: Ledger, random: Random): Promise<number> {
  const pool = new pg.Pool({ connectionString: url, max: 1, options: '-c search_path=consumer' });
  try {
    await pool.query('drop schema if exists consumer cascade; create schema consumer');
    await createInbox(fromPg(pool));
    await pool.query('create table effects (place serial, event_id uuid)');
    const queue = ledger.log.flatMap((detail) => (random.chance(0.1) ? [detail, detail] : [detail]));
    let deliveries = 0;
    while (queue.length > 0) {
      const batch = Array.from({ length: Math.min(BATCH, queue.length) }, () =>
        queue.splice(random.between(0, Math.min(WINDOW, queue.length) - 1), 1),
      ).flat();
      deliveries += batch.length;
      for (const detail of await deliver(pool, batch, random))
        queue.splice(random.between(0, Math.min(WINDOW, queue.length)), 0, detail);
      if (deliveries > 100 * ledger.log.length)
        ledger.violated(
          batch[0]?.orderingKey ?? 'none',
          'the consumer waits for a predecessor that never comes',
        );
    }
    await check(pool, ledger);
    return deliveries;
  } finally {
    await pool.end();
  }
}

/** Returns what comes back later. */
async function deliver(pool: pg.Pool, batch: readonly Detail[], random: Random): Promise<Detail[]> {
  const Records = batch.map((detail, index) => ({
    messageId: `${index}`,
    body: JSON.stringify({ source: 'outbox', 'detail-type': 'b', detail }),
  }));
  const { batchItemFailures } = await handleSqsBatch(
    { Records },
    (body) => processOne(pool, body, random.chance(0.05)),
    {
      onFailure(error) {
        if (!(error instanceof OutOfOrder || error instanceof Interrupted)) throw error;
      },
    },
  );
  return batchItemFailures.flatMap(({ itemIdentifier }) => batch[Number(itemIdentifier)] ?? []);
}

async function processOne(pool: pg.Pool, body: string, isInterrupted: boolean): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await processInOrder(fromPg(client), body, async ({ eventId }) => {
      await client.query('insert into effects (event_id) values ($1)', [eventId]);
    });
    if (isInterrupted) throw new Interrupted();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

async function check(pool: pg.Pool, ledger: Ledger): Promise<void> {
  const { rows } = await pool.query<{ event_id: string }>('select event_id from effects order by place');
  const done = rows.map(({ event_id }) => event_id);
  const seen = new Set(done);
  const first = new Map(ledger.log.toReversed().map((detail) => [detail.eventId, detail]));
  for (const { eventId, orderingKey = 'none' } of first.values())
    if (!seen.has(eventId) && !ledger.mayBeMissing(eventId))
      ledger.violated(orderingKey, `the consumer has no effect of ${eventId}`);
  if (seen.size < done.length) ledger.violated('any', 'the consumer has an effect twice');
  const last = new Map<string, number>();
  for (const eventId of done) {
    const { orderingKey, sequence } = first.get(eventId) ?? {};
    if (orderingKey === undefined || sequence === undefined || ledger.isPassed(eventId)) continue;
    if ((last.get(orderingKey) ?? 0) > sequence)
      ledger.violated(orderingKey, `the effect of ${sequence} came after that of ${last.get(orderingKey)}`);
    last.set(orderingKey, sequence);
  }
}
