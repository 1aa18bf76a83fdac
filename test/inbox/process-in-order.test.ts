import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  advance,
  createInbox,
  fromPg,
  type InOrderOptions,
  OutOfOrder,
  processInOrder,
  processOnce,
} from '../../inbox/index.ts';
import { waitUntilBlocked } from '../support/blocked-sessions.ts';
import { delivered, EFFECTS, effectOn, effects, inTransaction, orderedEvents } from '../support/inbox.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase({ empty: true });

beforeAll(async () => {
  await inTransaction(database, (transaction) => createInbox(transaction));
  await database.sql(EFFECTS);
});
beforeEach(() => database.sql('truncate outbox_inbox, outbox_inbox_positions, effects'));

function consume(event: object | undefined, options: InOrderOptions = {}) {
  return inTransaction(database, (transaction, client) =>
    processInOrder(transaction, event, effectOn(client, options.consumer), options),
  );
}
const processed = { outcome: 'processed' };
const idsOf = (events: readonly ReturnType<typeof delivered>[]) => events.map(({ detail }) => detail.eventId);
const rows = async () =>
  (await database.sql('select 1 from outbox_inbox union all select 1 from outbox_inbox_positions')).length;

test('events in order are processed, whatever holes their sequences have', async () => {
  const events = orderedEvents('order-7', [4, 5, 90]);

  for (const event of events) expect(await consume(event)).toMatchObject(processed);

  expect(await effects(database)).toEqual(idsOf(events));
});

test('an event before its predecessor is out of order and leaves nothing, even if the caller commits', async () => {
  const [first, second] = orderedEvents('order-7', [4, 9]);

  await inTransaction(database, async (transaction, client) => {
    const early = processInOrder(transaction, second, effectOn(client));
    await expect(early).rejects.toThrow(OutOfOrder);
    await expect(early).rejects.toMatchObject({
      name: 'OutOfOrder',
      ...{ consumer: 'default', source: 'shop.outbox', orderingKey: 'order-7' },
      ...{ position: 0, sequence: 9, previousSequence: 4 },
      message: expect.stringContaining('deliver it again later'),
    });
  });

  expect(await rows()).toBe(0);
  expect(await consume(first)).toMatchObject(processed);
  expect(await consume(second)).toMatchObject(processed);
});

test('a duplicate of any age is recognized, also when its id was purged', async () => {
  const [first, second] = orderedEvents('order-7', [4, 9]);
  for (const event of [first, second]) await consume(event);

  expect(await consume(first)).toEqual({ outcome: 'duplicate' });
  await database.sql('truncate outbox_inbox');
  expect(await consume(first)).toEqual({ outcome: 'stale' });
  expect(await effects(database)).toHaveLength(2);
});

test('a first event may have null as its previous sequence', async () => {
  expect(await consume(delivered({ orderingKey: 'a', sequence: 3, previousSequence: null }))).toMatchObject(
    processed,
  );
});

// The bus accepted event 5, its answer was lost, and the event was skipped: the publisher only knows of event 4.
test('an event whose predecessor is older than the last one that was processed is no gap', async () => {
  const [first, second, third] = orderedEvents('order-7', [4, 5, 6]);
  for (const event of [first, second]) await consume(event);

  const unaware = { ...third, detail: { ...third?.detail, previousSequence: 4 } };
  expect(await consume(unaware)).toMatchObject(processed);
});

test('keys do not wait for each other, and neither do sources with the same key', async () => {
  await consume(orderedEvents('order-7', [100])[0]);

  expect(await consume(orderedEvents('order-8', [4])[0])).toMatchObject(processed);
  expect(await consume(orderedEvents('order-7', [5], { source: 'other.outbox' })[0])).toMatchObject(
    processed,
  );
  expect(await consume(orderedEvents('order-7', [5])[0])).toEqual({ outcome: 'stale' });
});

test('several consumers have positions of their own', async () => {
  const [first, second] = orderedEvents('order-7', [4, 9]);
  for (const event of [first, second]) await consume(event, { consumer: 'search' });

  await expect(consume(second, { consumer: 'mail' })).rejects.toThrow(OutOfOrder);
  expect(await effects(database, 'search')).toHaveLength(2);
});

test('an event without a place is processed once, whatever the payload calls sequence', async () => {
  await consume(orderedEvents('order-7', [9])[0]);
  for (const event of [
    delivered(),
    delivered({ sequence: 'first' }),
    delivered({ orderingKey: 'order-7' }),
  ]) {
    expect(await consume(event)).toMatchObject(processed);
    expect(await consume(event)).toEqual({ outcome: 'duplicate' });
  }
});

test('an event that processOnce has recorded is a duplicate, and its successor does not wait for it', async () => {
  const [first, second] = orderedEvents('order-7', [4, 9]);
  await inTransaction(database, (transaction, client) => processOnce(transaction, first, effectOn(client)));

  expect(await consume(first)).toEqual({ outcome: 'duplicate' });
  expect(await consume(second)).toMatchObject(processed);
});

test('a delivery waits for an earlier event of its key, and is then processed', async () => {
  const [first, second] = orderedEvents('order-7', [4, 9]);
  let next: ReturnType<typeof consume> | undefined;

  await inTransaction(database, (transaction, client) =>
    processInOrder(transaction, first, async (event) => {
      next = consume(second);
      await waitUntilBlocked(database, 1);
      await effectOn(client)(event);
    }),
  );

  expect(await next).toMatchObject(processed);
  expect(await effects(database)).toEqual(idsOf([first, second].flatMap((event) => event ?? [])));
});

test('of two deliveries of one event at the same time, exactly one is processed', async () => {
  const [first] = orderedEvents('order-7', [4]);
  let second: ReturnType<typeof consume> | undefined;

  await inTransaction(database, (transaction, client) =>
    processInOrder(transaction, first, async (event) => {
      second = consume(first);
      await waitUntilBlocked(database, 1);
      await effectOn(client)(event);
    }),
  );

  expect(await second).toEqual({ outcome: 'duplicate' });
  expect(await effects(database)).toHaveLength(1);
});

test('a work that fails does not move the position', async () => {
  const [first, second] = orderedEvents('order-7', [4, 9]);
  const failing = inTransaction(database, (transaction) =>
    processInOrder(transaction, first, async () => {
      throw new Error('the work fails');
    }),
  );

  await expect(failing).rejects.toThrow('the work fails');
  await expect(consume(second)).rejects.toThrow(OutOfOrder);
  expect(await consume(first)).toMatchObject(processed);
});

test('a call outside of a transaction is an error, and leaves nothing', async () => {
  const client = await database.connect();
  try {
    await expect(
      processInOrder(fromPg(client), orderedEvents('order-7', [4])[0], effectOn(client)),
    ).rejects.toMatchObject({ name: 'NotInTransaction' });
  } finally {
    client.release();
  }
  expect(await rows()).toBe(0);
});

describe('a consumer that starts later than its outbox', () => {
  const [before, first, second] = orderedEvents('order-7', [40, 60, 70]);

  test('by default it waits for the first event of every key', async () => {
    await expect(consume(first)).rejects.toThrow('"A new consumer"');
  });

  test('with a start, what is before it is stale, and what is after it is in order', async () => {
    const start = { startAfter: 50 };

    await expect(consume(second, start)).rejects.toThrow(OutOfOrder);
    expect(await consume(before, start)).toEqual({ outcome: 'stale' });
    expect(await consume(first, start)).toMatchObject(processed);
    expect(await consume(second, start)).toMatchObject(processed);
  });

  test('a start that is given later also applies to the keys that are known', async () => {
    await consume(orderedEvents('order-7', [3])[0]);
    await expect(consume(first)).rejects.toThrow(OutOfOrder);

    expect(await consume(first, { startAfter: 50 })).toMatchObject(processed);
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 53])('a start of %d is refused', async (startAfter) => {
    await expect(consume(first, { startAfter })).rejects.toThrow(
      `startAfter is ${startAfter}: give the sequence`,
    );
  });
});

describe('a gap that never closes', () => {
  const key = { source: 'shop.outbox', orderingKey: 'order-7' };
  const move = (to: number) => inTransaction(database, (transaction) => advance(transaction, { ...key, to }));

  test('after advancing past it, the key goes on, and the lost event is stale when it comes after all', async () => {
    const [first, lost, next] = orderedEvents('order-7', [4, 9, 12]);
    await consume(first);
    await expect(consume(next)).rejects.toMatchObject({ previousSequence: 9, position: 4 });

    expect(await move(9)).toBe(9);

    expect(await consume(next)).toMatchObject(processed);
    expect(await consume(lost)).toEqual({ outcome: 'stale' });
  });

  test('an event that was passed is processed when it comes again without a place', async () => {
    const [passed, next] = orderedEvents('order-7', [4, 9]);
    await move(4);
    await consume(next);
    expect(await consume(passed)).toEqual({ outcome: 'stale' });
    const detail = { ...passed?.detail, sequence: undefined };

    expect(await consume({ ...passed, detail })).toMatchObject(processed);
    expect(await consume({ ...passed, detail })).toEqual({ outcome: 'duplicate' });
  });

  test('a position never moves back', async () => {
    await move(9);

    expect(await move(4)).toBe(9);
  });

  test('advancing to what is no sequence is refused', async () => {
    await expect(move(Number.NaN)).rejects.toThrow('to is NaN: give the sequence');
  });
});
