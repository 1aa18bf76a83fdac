import { beforeEach, expect, test } from '@jest/globals';
import { markProcessed } from '../../outbox/mark-processed.ts';
import { claimBatch } from '../support/claiming.ts';
import { fail, failed, published } from '../support/marking.ts';
import { emptyOutbox, insertOrdered } from '../support/ordered-rows.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase();
const MAX_EVENTS = 20;

beforeEach(() => emptyOutbox(database));

async function insert(keys: readonly string[]): Promise<void> {
  const client = await database.connect();
  await insertOrdered(client, keys);
  client.release();
}

/** How many batches it takes until the 50 events of other keys are processed. The poisoned key comes first. */
async function batchesOfOthers(
  poisoned: number,
  kind: 'permanent' | 'transient' | 'throttled',
): Promise<number> {
  await insert(Array.from({ length: poisoned }, () => 'poisoned'));
  await insert(Array.from({ length: 50 }, (_, index) => `other ${index % 25}`));
  for (let batches = 1; batches < 100; batches += 1) {
    const { leaseToken, events } = await claimBatch(database, { maxEvents: MAX_EVENTS });
    const [head, ...behind] = events.filter(({ orderingKey }) => orderingKey === 'poisoned');
    const others = events.filter(({ orderingKey }) => orderingKey !== 'poisoned');
    await markProcessed(
      database.dataApi,
      others.map(({ eventId }) => published(eventId)),
    );
    if (head !== undefined)
      await fail(database, leaseToken, [
        failed(head.eventId, kind),
        ...behind.map(({ eventId }) => failed(eventId, 'not sent')),
      ]);
    const left = await database.sql(
      `select from outbox_events where ordering_key like 'other%' and status <> 'PROCESSED'`,
    );
    if (left.length === 0) return batches;
  }
  throw new Error('the other keys are never done');
}

test.each(['permanent', 'transient', 'throttled'] as const)(
  'the events of other keys need as many batches beside a key with 500 events whose first one fails (%s) as without it',
  async (kind) => {
    const without = await batchesOfOthers(0, kind);
    await emptyOutbox(database);

    expect(await batchesOfOthers(500, kind)).toBe(without);
  },
);

test('the events of other keys need as many batches beside 500 blocked keys as without them', async () => {
  await insert(Array.from({ length: 500 }, (_, index) => `blocked ${index}`));
  for (let failedKeys = 0; failedKeys < 500; ) {
    const { leaseToken, events } = await claimBatch(database);
    await fail(
      database,
      leaseToken,
      events.map(({ eventId }) => failed(eventId, 'permanent')),
    );
    failedKeys += events.length;
  }
  await insert(Array.from({ length: 500 }, (_, index) => `blocked ${index}`));
  // The keys are looked at once more, found failed, and blocked.
  while ((await database.sql('select from outbox_ordering_queue where due_at <= now() limit 1')).length > 0)
    expect((await claimBatch(database)).events).toEqual([]);

  const beside = await batchesOfOthers(0, 'permanent');

  expect(await database.sql('select blocked_keys from outbox_backlog')).toEqual([{ blocked_keys: '500' }]);
  await emptyOutbox(database);
  expect(beside).toBe(await batchesOfOthers(0, 'permanent'));
});
