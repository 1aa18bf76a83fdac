import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createInbox, fromPg, NotInTransaction, processInOrder, processOnce } from '../../inbox/index.ts';
import { waitUntilBlocked } from '../support/blocked-sessions.ts';
import { delivered, EFFECTS, effectOn, effects, inTransaction } from '../support/inbox.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase({ empty: true });

beforeAll(async () => {
  await inTransaction(database, (transaction) => createInbox(transaction));
  await database.sql(EFFECTS);
});
beforeEach(() => database.sql('truncate outbox_inbox, outbox_inbox_positions, effects'));

const recorded = async () => (await database.sql('select from outbox_inbox')).length;

function consume(event: object, consumer?: string) {
  return inTransaction(database, (transaction, client) =>
    processOnce(transaction, event, effectOn(client, consumer), consumer === undefined ? {} : { consumer }),
  );
}

test('an event is processed once, and a second delivery is recognized', async () => {
  const event = delivered();

  expect(await consume(event)).toEqual({ outcome: 'processed', result: undefined });
  expect(await consume(event)).toEqual({ outcome: 'duplicate' });
  expect(await effects(database)).toEqual([event.detail.eventId]);
});

test('the body of an SQS message is an event too, and the work gets its fields and answers', async () => {
  const event = delivered({ stars: 4 });

  const answer = await inTransaction(database, (transaction) =>
    processOnce(transaction, JSON.stringify(event), async (read) => read),
  );

  expect(answer).toEqual({
    outcome: 'processed',
    result: {
      eventId: event.detail.eventId,
      aggregateId: '7',
      detailType: 'dish.rated',
      source: 'shop.outbox',
      detail: event.detail,
    },
  });
});

test('several consumers in one database process the same event, each once', async () => {
  const event = delivered();

  for (const consumer of ['search', 'mail', 'search', 'mail']) await consume(event, consumer);

  expect(await effects(database, 'search')).toEqual([event.detail.eventId]);
  expect(await effects(database, 'mail')).toEqual([event.detail.eventId]);
});

describe('an event that a replay delivers again', () => {
  const replayOf = ({ detail }: ReturnType<typeof delivered>, replayId: string) =>
    delivered({ ...detail, replayId });
  const process = (event: object, replays?: 'once' | 'again') =>
    inTransaction(database, async (transaction, client) => {
      const options = replays === undefined ? {} : { replays };
      return (await processOnce(transaction, event, effectOn(client), options)).outcome;
    });

  test('a replay repairs what was lost, and what was processed before is a duplicate', async () => {
    const [known, lost] = [delivered(), delivered()];
    await process(known);

    expect(await process(replayOf(known, 'replay-1'))).toBe('duplicate');
    expect(await process(replayOf(lost, 'replay-1'))).toBe('processed');
    expect(await process(lost, 'again')).toBe('duplicate');
  });

  test('a consumer that asks for it does the work once more for each replay, however often that is delivered', async () => {
    const event = delivered();
    await process(event, 'again');

    for (const replayId of ['replay-1', 'replay-1', 'replay-2', 'replay-1'])
      await process(replayOf(event, replayId), 'again');

    expect(await effects(database)).toHaveLength(3);
    expect(await process(event, 'again')).toBe('duplicate');
    expect(await recorded()).toBe(3);
  });

  test('a replay that comes before its event counts for the event too', async () => {
    const event = delivered();

    expect(await process(replayOf(event, 'replay-1'), 'again')).toBe('processed');
    expect(await process(event, 'again')).toBe('duplicate');
  });

  test('the work gets the id of the replay, also in order, where a replay has no place', async () => {
    const event = replayOf(delivered({ orderingKey: 'dish-7' }), 'replay-1');

    const { outcome, ...answer } = await inTransaction(database, (transaction) =>
      processInOrder(transaction, event, async ({ replayId }) => replayId, { replays: 'again' }),
    );

    expect([outcome, answer]).toEqual(['processed', { result: 'replay-1' }]);
    expect(await process(event, 'again')).toBe('duplicate');
  });
});

test('of two deliveries at the same time, the second waits and is recognized', async () => {
  const event = delivered();
  let second: ReturnType<typeof consume> | undefined;

  await inTransaction(database, (transaction, client) =>
    processOnce(transaction, event, async (read) => {
      second = consume(event);
      await waitUntilBlocked(database, 1);
      await effectOn(client)(read);
    }),
  );

  expect(await second).toEqual({ outcome: 'duplicate' });
  expect(await effects(database)).toHaveLength(1);
});

test('when the first of two deliveries at the same time fails, the second does the work', async () => {
  const event = delivered();
  let second: ReturnType<typeof consume> | undefined;

  const first = inTransaction(database, (transaction) =>
    processOnce(transaction, event, async () => {
      second = consume(event);
      await waitUntilBlocked(database, 1);
      throw new Error('the work fails');
    }),
  );

  await expect(first).rejects.toThrow('the work fails');
  expect(await second).toMatchObject({ outcome: 'processed' });
  expect(await effects(database)).toHaveLength(1);
});

test('a work that fails leaves nothing, even if the caller commits', async () => {
  const event = delivered();

  await inTransaction(database, async (transaction, client) => {
    const failing = processOnce(transaction, event, async (read) => {
      await effectOn(client)(read);
      throw new Error('the work fails');
    });
    await expect(failing).rejects.toThrow('the work fails');
  });

  expect(await effects(database)).toEqual([]);
  expect(await consume(event)).toMatchObject({ outcome: 'processed' });
});

test('a statement of the work that fails leaves the transaction of the caller usable', async () => {
  await inTransaction(database, async (transaction, client) => {
    const failing = processOnce(transaction, delivered(), () => client.query('select 1 / 0'));
    await expect(failing).rejects.toMatchObject({ code: '22012' });
    await client.query("insert into effects (consumer) values ('noted')");
  });

  expect(await recorded()).toBe(0);
  expect(await effects(database, 'noted')).toHaveLength(1);
});

test('after a crash between work and commit, the event is processed again', async () => {
  const event = delivered();
  const client = await database.connect();
  client.on('error', () => undefined);
  await client.query('begin');
  await processOnce(fromPg(client), event, effectOn(client));
  const [{ pid } = { pid: 0 }] = (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows;
  await database.sql('select pg_terminate_backend($1, 5000)', [pid]);
  client.release(true);

  expect(await effects(database)).toEqual([]);
  expect(await consume(event)).toMatchObject({ outcome: 'processed' });
  expect(await effects(database)).toHaveLength(1);
});

test('a call outside of a transaction is an error, and records nothing', async () => {
  const client = await database.connect();
  try {
    const call = processOnce(fromPg(client), delivered(), effectOn(client));
    await expect(call).rejects.toThrow(NotInTransaction);
    await expect(call).rejects.toMatchObject({
      name: 'NotInTransaction',
      message: expect.stringContaining('begin it first'),
    });
  } finally {
    client.release();
  }
  expect(await recorded()).toBe(0);
  expect(await effects(database)).toEqual([]);
});

test('a consumer without a name, or with a long one, is refused by a constraint with a name', async () => {
  for (const consumer of ['', 'x'.repeat(129)])
    await expect(consume(delivered(), consumer)).rejects.toMatchObject({
      constraint: 'consumer_is_1_to_128_characters',
    });
});
