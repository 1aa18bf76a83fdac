import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from '@jest/globals';
import { markProcessed } from '../../outbox/mark-processed.ts';
import { release } from '../../outbox/release.ts';
import { claimBatch, idsOf } from '../support/claiming.ts';
import { backoff, fail, failed, published } from '../support/marking.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvent, insertEvents, makeDue, readEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();
const failure = { kind: 'transient', errorType: 'States.Timeout', message: 'the run failed' } as const;
const releaseAll = (leaseToken: string) => release(database.dataApi, leaseToken, failure, backoff);

beforeEach(() => database.sql('delete from outbox_events'));

test('a release gives back the events of a failed run after a backoff, with the attempt consumed and the reason', async () => {
  const id = await insertEvent(database);
  const { leaseToken } = await claimBatch(database);

  expect(await releaseAll(leaseToken)).toEqual({ recorded: 1, failedForGood: 0, lost: [] });

  const row = await readEvent(database, id);
  expect(row).toMatchObject({
    status: 'PENDING',
    attempts: 1,
    last_error_type: 'States.Timeout',
    last_error: 'the run failed',
  });
  expect(row.due_in).toBeGreaterThan(backoff.backoffBaseSeconds / 2 - 30);
  expect(row.due_in).toBeLessThanOrEqual(backoff.backoffBaseSeconds);
});

test('a release fails an event for good when it was on its last attempt', async () => {
  const [last = '', other = ''] = await insertEvents(database, 2);
  await database.sql('update outbox_events set attempts = 7 where id = $1', [last]);
  const { leaseToken } = await claimBatch(database);

  expect(await releaseAll(leaseToken)).toEqual({ recorded: 2, failedForGood: 1, lost: [] });

  expect(await readEvent(database, last)).toMatchObject({ status: 'FAILED', attempts: 8, due_at: null });
  expect(await readEvent(database, other)).toMatchObject({ status: 'PENDING', attempts: 1 });
});

test('a release gives events back even when PostgreSQL cannot store the reason unchanged', async () => {
  await insertEvent(database);
  const { leaseToken } = await claimBatch(database);
  const reason = { ...failure, message: 'a\0b\ud83d' };

  expect(await release(database.dataApi, leaseToken, reason, backoff)).toMatchObject({ recorded: 1 });
});

test('a release does not change events that already have an outcome', async () => {
  const [processed = '', failedForGood = '', pending = '', processing = ''] = await insertEvents(database, 4);
  const { leaseToken } = await claimBatch(database);
  await markProcessed(database.dataApi, [published(processed)]);
  await fail(database, leaseToken, [failed(failedForGood, 'permanent'), failed(pending, 'transient')]);
  const settled = [processed, failedForGood, pending];
  const read = () =>
    Promise.all(settled.map(async (id) => ({ ...(await readEvent(database, id)), due_in: 0 })));
  const before = await read();

  expect(await releaseAll(leaseToken)).toMatchObject({ recorded: 1 });

  expect(await read()).toEqual(before);
  expect(await readEvent(database, processing)).toMatchObject({
    status: 'PENDING',
    last_error_type: 'States.Timeout',
  });
});

test('a release does not change events that another run has claimed', async () => {
  const ids = await insertEvents(database, 2);
  const late = await claimBatch(database);
  await makeDue(database);
  const current = await claimBatch(database);

  expect(await releaseAll(late.leaseToken)).toEqual({ recorded: 0, failedForGood: 0, lost: [] });

  expect(idsOf(await claimBatch(database, { leaseToken: current.leaseToken }))).toEqual(ids);
});

test('a repeated release changes nothing', async () => {
  const id = await insertEvent(database);
  const { leaseToken } = await claimBatch(database);
  await releaseAll(leaseToken);
  const { due_at } = await readEvent(database, id);

  expect(await releaseAll(leaseToken)).toEqual({ recorded: 0, failedForGood: 0, lost: [] });
  expect(await readEvent(database, id)).toMatchObject({ due_at });
});

test('a release with a token that holds no events gives nothing back', async () => {
  expect(await releaseAll(randomUUID())).toEqual({ recorded: 0, failedForGood: 0, lost: [] });
});

test('after a release, a late failure is recognized as its own and a late success is recorded', async () => {
  const [first = '', second = ''] = await insertEvents(database, 2);
  const { leaseToken } = await claimBatch(database);
  await releaseAll(leaseToken);

  expect(await fail(database, leaseToken, [failed(first, 'transient')])).toEqual({
    recorded: 0,
    failedForGood: 0,
    lost: [],
  });
  expect(await markProcessed(database.dataApi, [published(second)])).toMatchObject({ recorded: 1, lost: [] });
});
