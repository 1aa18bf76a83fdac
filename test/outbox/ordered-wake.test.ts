import { beforeEach, describe, expect, test } from '@jest/globals';
import { markProcessed } from '../../outbox/mark-processed.ts';
import { requeue } from '../../outbox/requeue.ts';
import { waitUntilBlocked } from '../support/blocked-sessions.ts';
import { claimBatch, idsOf, runId } from '../support/claiming.ts';
import { fail, failed, published } from '../support/marking.ts';
import { emptyOutbox, insertOneByOne, insertOrdered } from '../support/ordered-rows.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvents, makeDue } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();

beforeEach(() => emptyOutbox(database));

const publish = (ids: readonly string[]) =>
  markProcessed(
    database.dataApi,
    ids.map((id) => published(id, `accepted-${id}`)),
  );

/** Runs `work` while a transaction that has run these statements is open, and rolls that one back. */
async function duringTransaction<T>(statements: readonly string[], work: () => Promise<T>): Promise<T> {
  const client = await database.connect();
  try {
    await client.query('begin');
    for (const statement of statements) await client.query(statement);
    return await work();
  } finally {
    await client.query('rollback');
    client.release();
  }
}

describe('what takes an event out of the way of its key', () => {
  test('a redrive of what a stopped run still holds lets the key go on at once', async () => {
    const ids = await insertOneByOne(database, ['a', 'a']);
    await claimBatch(database);

    await requeue(
      database.dataApi,
      'redrive',
      { executionArn: runId, runIsStopped: true },
      { limit: 10, batch: 10 },
    );

    expect(idsOf(await claimBatch(database))).toEqual(ids);
  });

  test('a person who declares a delayed event processed lets the key go on at once', async () => {
    const [first, second] = await insertOneByOne(database, ['a', 'a']);
    await database.sql(`update outbox_events set due_at = now() + interval '1 day' where id = $1`, [first]);
    expect((await claimBatch(database)).events).toEqual([]);

    await database.sql(
      `update outbox_events set status = 'PROCESSED', due_at = null, processed_at = now() where id = $1`,
      [first],
    );

    expect(idsOf(await claimBatch(database))).toEqual([second]);
  });

  test('an open transaction that deletes events of a key delays no outcome', async () => {
    const [first = '', second = ''] = await insertOneByOne(database, ['a', 'a']);
    const [other = ''] = await insertEvents(database, 1);
    const { leaseToken } = await claimBatch(database, { maxPerKey: 1 });

    const recorded = await duringTransaction(
      [`delete from outbox_events where id = '${second}'`],
      async () => [await publish([other]), await publish([first])],
    );

    expect(recorded).toMatchObject([{ recorded: 1 }, { recorded: 1 }]);
    expect(leaseToken).toBeDefined();
    expect(idsOf(await claimBatch(database))).toEqual([second]);
  });

  test('a redrive and outcomes of the same keys do not deadlock', async () => {
    // In the order of failed_at, "b" comes first.
    const [b = '', a = '', nextA = '', nextB = ''] = await insertOneByOne(database, ['b', 'a', 'a', 'b']);
    const { leaseToken } = await claimBatch(database, { maxPerKey: 1 });
    await fail(database, leaseToken, [failed(b, 'permanent'), failed(a, 'permanent')], { skipFailed: true });
    expect(idsOf(await claimBatch(database))).toEqual([nextA, nextB]);
    const client = await database.connect();
    await client.query('begin');
    await client.query(`select from outbox_ordering_queue where ordering_key = 'a' for update`);

    const marked = publish([nextA, nextB]);
    await waitUntilBlocked(database, 1);
    const redriven = requeue(database.dataApi, 'redrive', {}, { limit: 10, batch: 10 });
    await Promise.race([redriven, waitUntilBlocked(database, 2)]);
    await client.query('commit');
    client.release();

    expect(await marked).toMatchObject({ recorded: 2 });
    expect(await redriven).toMatchObject({ requeued: 2 });
  });

  test('a redrive of several blocked keys locks them in one order, as outcomes do', async () => {
    const [b = '', a = ''] = await insertOneByOne(database, ['b', 'a', 'a', 'b']);
    const { leaseToken } = await claimBatch(database, { maxPerKey: 1 });
    await fail(database, leaseToken, [failed(b, 'permanent')]);
    await fail(database, leaseToken, [failed(a, 'permanent')]);
    const client = await database.connect();
    await client.query('begin');
    await client.query(`select from outbox_ordering_queue where ordering_key = 'a' for update`);

    // A late success, of a run that had lost its lease.
    const marked = publish([a, b]);
    const redriven = requeue(database.dataApi, 'redrive', {}, { limit: 10, batch: 10 });
    await waitUntilBlocked(database, 1);
    await client.query('commit');
    client.release();

    await expect(marked).resolves.toBeDefined();
    await expect(redriven).resolves.toBeDefined();
  });
});

describe('a claim', () => {
  test('names a predecessor that is before the event, also when a later one was recorded first', async () => {
    const [zero = '', first = '', second = ''] = await insertOneByOne(database, ['a', 'a', 'a']);
    const { events } = await claimBatch(database);
    await publish([zero]);
    // The row of the first was locked, so only the second was recorded.
    await publish([second]);
    await makeDue(database);
    await database.sql('update outbox_ordering_queue set due_at = now()');

    const again = await claimBatch(database);

    expect(again.events).toMatchObject([{ eventId: first, previousSequence: events[0]?.sequence }]);
    await publish([first]);
    await insertOneByOne(database, ['a']);
    expect((await claimBatch(database)).events).toMatchObject([{ previousSequence: events[2]?.sequence }]);
  });

  test('that is repeated after another run got the first event of a key answers with none of the key', async () => {
    const [first, , other] = await insertOneByOne(database, ['a', 'a', 'b']);
    const lost = await claimBatch(database);
    await requeue(
      database.dataApi,
      'redrive',
      { executionArn: runId, runIsStopped: true, eventIds: [first ?? ''] },
      { limit: 1, batch: 1 },
    );
    expect(idsOf(await claimBatch(database))).toEqual([first]);

    const repeated = await claimBatch(database, { leaseToken: lost.leaseToken });

    expect(idsOf(repeated)).toEqual([other]);
  });

  test('keys whose events somebody has locked for long delay no other key', async () => {
    const client = await database.connect();
    await insertOrdered(
      client,
      Array.from({ length: 1_100 }, (_, index) => `locked ${index}`),
    );
    client.release();

    const [late, claimed] = await duringTransaction(['select from outbox_events for update'], async () => [
      await insertOneByOne(database, ['late']),
      [...idsOf(await claimBatch(database)), ...idsOf(await claimBatch(database))],
    ]);

    expect(claimed).toEqual(late);
    await database.sql(`update outbox_ordering_queue set due_at = now() where ordering_key like 'locked%'`);
    const { events } = await claimBatch(database, { maxEvents: 2_000, maxStateBytes: 10_000_000 });
    expect(events).toHaveLength(1_100);
  });

  test('with "continue", a claim that fails events for good says that there is more', async () => {
    const [, second] = await insertOneByOne(database, ['a', 'a']);
    await claimBatch(database, { maxPerKey: 1 });
    await makeDue(database);
    await database.sql('update outbox_ordering_queue set due_at = now()');

    expect(await claimBatch(database, { maxAttempts: 1, skipFailed: true })).toMatchObject({
      events: [],
      failedForGood: 1,
      more: true,
    });
    expect(idsOf(await claimBatch(database))).toEqual([second]);
  });

  test('an event that is delayed delays the later events of its key', async () => {
    const [first, second] = await insertOneByOne(database, ['a', 'a']);
    await database.sql(`update outbox_events set due_at = now() + interval '1 day' where id = $1`, [first]);
    expect((await claimBatch(database)).events).toEqual([]);

    await database.sql('update outbox_events set due_at = now() where id = $1', [first]);

    expect(idsOf(await claimBatch(database))).toEqual([first, second]);
  });
});
