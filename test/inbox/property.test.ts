import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createInbox, OutOfOrder, processInOrder } from '../../inbox/index.ts';
import { EFFECTS, effectOn, effects, inTransaction, orderedEvents } from '../support/inbox.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { randomNumbers } from '../support/random-numbers.ts';

const database = useOutboxDatabase({ empty: true });

beforeAll(async () => {
  await inTransaction(database, (transaction) => createInbox(transaction));
  await database.sql(EFFECTS);
});

/** Keys with rising sequences that have holes. */
const keys = fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 6 }), {
  minLength: 1,
  maxLength: 4,
});
type Delivery = ReturnType<typeof orderedEvents>[number];

/** One delivery; whether its event is done with, so that the queue deletes the message. */
async function deliver(event: Delivery, interrupted: boolean): Promise<boolean> {
  try {
    await inTransaction(database, async (transaction, client) => {
      await processInOrder(transaction, event, effectOn(client));
      if (interrupted) throw new Error('interrupted before the commit');
    });
    return true;
  } catch (error) {
    if (error instanceof OutOfOrder || (error as Error).message.startsWith('interrupted')) return false;
    throw error;
  }
}

test('however deliveries are shuffled, repeated, interrupted and overlapping, every effect happens once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(keys, fc.integer(), fc.integer({ min: 1, max: 4 }), async (sequences, seed, workers) => {
      await database.sql('truncate outbox_inbox, outbox_inbox_positions, effects');
      const chance = randomNumbers(seed);
      const published = sequences.map((of, index) =>
        orderedEvents(
          `key-${index}`,
          of.toSorted((one, other) => one - other),
        ),
      );
      const queue = published.flat().flatMap((event) => (chance() < 0.3 ? [event, event] : [event]));
      const work = async () => {
        for (;;) {
          const [event] = queue.splice(Math.floor(chance() * queue.length), 1);
          if (event === undefined) return;
          const done = await deliver(event, chance() < 0.2);
          if (!done) queue.push(event);
        }
      };

      await Promise.all(Array.from({ length: workers }, work));
      // A worker may have left while another one put its last message back.
      await work();

      const done = await effects(database);
      for (const ofKey of published) {
        const ids: string[] = ofKey.map(({ detail }) => detail.eventId);
        expect(done.filter((id) => ids.includes(id))).toEqual(ids);
      }
      expect(done).toHaveLength(published.flat().length);
    }),
    { numRuns: 40 },
  );
});
