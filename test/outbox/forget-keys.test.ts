import { beforeEach, expect, test } from '@jest/globals';
import { forgetKeys } from '../../outbox/forget-keys.ts';
import { markProcessed } from '../../outbox/mark-processed.ts';
import { pause, resume } from '../../outbox/pause.ts';
import { waitUntilBlocked } from '../support/blocked-sessions.ts';
import { claimBatch, idsOf } from '../support/claiming.ts';
import { published } from '../support/marking.ts';
import { emptyOutbox, insertOneByOne } from '../support/ordered-rows.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase();
const RETENTION_DAYS = 7;

beforeEach(() => emptyOutbox(database));

const forget = (retentionDays = RETENTION_DAYS) =>
  forgetKeys(database.dataApi, retentionDays, Number.POSITIVE_INFINITY, () => 0);
const keys = async () =>
  (
    await database.sql<{ key: string }>('select ordering_key as key from outbox_ordering_keys order by 1')
  ).map(({ key }) => key);

/** Publishes one event of each key, after which these keys are idle. */
async function useKeys(...used: string[]): Promise<void> {
  const ids = await insertOneByOne(database, used);
  await claimBatch(database);
  await markProcessed(
    database.dataApi,
    ids.map((id) => published(id)),
  );
  await claimBatch(database);
}

const idleFor = (days: number, key: string) =>
  database.sql(
    'update outbox_ordering_keys set idle_since = now() - make_interval(days => $1) where ordering_key = $2',
    [days, key],
  );

test('keys that have been idle for 60 days and the retention are forgotten, others are not', async () => {
  await useKeys('old', 'young', 'queued');
  await idleFor(61, 'old');
  await idleFor(59, 'young');
  await idleFor(61, 'queued');
  await insertOneByOne(database, ['queued']);

  expect(await forget(90)).toBe(0);
  expect(await forget()).toBe(1);

  expect(await keys()).toEqual(['queued', 'young']);
});

test('the next event of a forgotten key is like the first one', async () => {
  await useKeys('a');
  await idleFor(61, 'a');
  await forget();

  const ids = await insertOneByOne(database, ['a', 'a']);

  const { events } = await claimBatch(database);
  expect(idsOf({ events } as never)).toEqual(ids);
  expect(events.map(({ previousSequence }) => previousSequence)).toEqual([null, events[0]?.sequence]);
});

test('a producer that waits for a key while it is forgotten gets its place', async () => {
  await useKeys('a');
  const client = await database.connect();
  await client.query('begin');
  await client.query('delete from outbox_ordering_keys');

  const inserted = insertOneByOne(database, ['a']);
  await waitUntilBlocked(database, 1);
  await client.query('commit');
  client.release();

  const ids = await inserted;
  expect(idsOf(await claimBatch(database))).toEqual(ids);
});

test('a key that a producer has locked is not forgotten, and neither is any while the outbox is paused', async () => {
  await useKeys('a');
  await idleFor(61, 'a');
  const client = await database.connect();
  await client.query('begin');
  await client.query('select from outbox_ordering_keys for no key update');
  expect(await forget()).toBe(0);
  await client.query('rollback');
  client.release();
  await database.sql("insert into outbox_installation (owner) values ('outbox')");
  await pause(database.dataApi, 'ada');

  expect(await forget()).toBe(0);

  await resume(database.dataApi);
  expect(await forget()).toBe(1);
});

test('keys of a table of many pages are all forgotten', async () => {
  await database.sql(
    `insert into outbox_ordering_keys (ordering_key, queued, idle_since)
     select repeat('key ', 30) || n, false, now() - interval '61 days' from generate_series(1, 60000) as n`,
  );

  expect(await forget()).toBe(60_000);
  expect(await keys()).toEqual([]);
});
