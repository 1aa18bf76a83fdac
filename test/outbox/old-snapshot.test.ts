import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import type { Context } from '../../cli/action.ts';
import { oldSnapshot } from '../../cli/old-snapshot.ts';
import { purge } from '../../outbox/purge.ts';
import { claimBatch, limits, runId } from '../support/claiming.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase();
const FINISHED = 20_000;

// The token decides whether a claim also looks below the front when it has something to claim.
const looksAbove = () => `${randomUUID().slice(0, -2)}02`;
const looksBelow = () => `${randomUUID().slice(0, -2)}00`;

let holder: pg.PoolClient;
let worker: pg.PoolClient;

/** PostgreSQL publishes how many rows are dead at the end of the next transaction. */
async function publishStatistics(): Promise<void> {
  await worker.query('select pg_stat_force_next_flush()');
  const { rows } = await worker.query<{ dead: string }>(
    `select pg_stat_get_dead_tuples('outbox_events'::regclass) as dead`,
  );
  expect(Number(rows[0]?.dead)).toBeGreaterThanOrEqual(3 * FINISHED);
}

/** The blocks that a statement and all inside it read. */
async function blocksOf(statement: string, values: readonly unknown[] = []): Promise<number> {
  await worker.query('begin');
  const { rows } = await worker.query<{
    'QUERY PLAN': [{ Plan: { readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number } }];
  }>(`explain (analyze, buffers, format json) ${statement}`, [...values]);
  await worker.query('rollback');
  const plan = rows[0]?.['QUERY PLAN'][0].Plan;
  if (plan === undefined) throw new Error(`no plan of ${statement}`);
  return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
}

const claimBlocks = (token: string) =>
  blocksOf('select from claim_outbox_events($1, $2, $3, $4, $5, $6, $7, null, null, 10, false)', [
    token,
    runId,
    limits.maxEvents,
    limits.maxStateBytes,
    limits.maxInlineBytes,
    limits.leaseSeconds,
    limits.maxAttempts,
  ]);

async function insert(aggregateId: string, due: string, key = 'null'): Promise<void> {
  await database.sql(
    `insert into outbox_events (aggregate_id, event_type, payload, due_at, ordering_key)
     values ($1, 'b', '{}', ${due}, ${key})`,
    [aggregateId],
  );
}

const aggregateOf = (details: readonly { readonly detail?: string }[]) =>
  details.map(({ detail = '{}' }) => JSON.parse(detail).aggregateId);

async function finishAll(): Promise<void> {
  await database.sql(
    `update outbox_events set status = 'PROCESSED', due_at = null, processed_at = now(), lease_token = gen_random_uuid()
     where processed_at is null`,
  );
}

describe('behind an old snapshot', () => {
  beforeAll(async () => {
    [holder, worker] = [await database.connect(), await database.connect()];
    await holder.query('begin isolation level repeatable read');
    await holder.query('select from outbox_events');
    // Three dead rows each, with and without an order, that were due a minute ago.
    for (const key of ['null', `'key-' || n % 20`]) {
      await worker.query(
        `insert into outbox_events (aggregate_id, event_type, payload, ordering_key, due_at)
         select 'finished', 'b', '{}', ${key}, now() - interval '1 minute' from generate_series(1, ${FINISHED / 2}) as n`,
      );
    }
    for (const change of [
      `status = 'PROCESSING', lease_token = gen_random_uuid(), attempts = 1`,
      `status = 'PENDING', due_at = due_at + interval '1 s'`,
      `status = 'PROCESSED', due_at = null, processed_at = now()`,
    ])
      await worker.query(`update outbox_events set ${change}`);
    await publishStatistics();
    // Keys remember how far they are finished when a claim looks at them.
    expect((await claimBatch(database)).events).toEqual([]);
  });
  afterAll(async () => {
    await holder.query('rollback');
    for (const client of [holder, worker]) client.release();
  });

  test('a claim does not walk past what was finished since', async () => {
    await insert('unordered', 'now()');

    expect(await claimBlocks(looksAbove())).toBeLessThan(2000);
    expect(aggregateOf((await claimBatch(database, { leaseToken: looksAbove() })).events)).toEqual([
      'unordered',
    ]);
    await finishAll();
  });

  test('a claim does not walk past the finished events of a key', async () => {
    await insert('ordered', 'now()', `'key-7'`);

    expect(await claimBlocks(looksAbove())).toBeLessThan(2000);
    await finishAll();
  });

  test.each(['due', 'pending', 'due_later', 'processing', 'processed', 'lag_seconds', 'blocked_keys'])(
    'the view of the backlog counts %s without walking past what was finished',
    async (column) => {
      expect(await blocksOf(`select ${column} from outbox_backlog`)).toBeLessThan(2000);
    },
  );

  test('a purge does not walk past what was purged since', async () => {
    const purgeNow = () =>
      purge(database.dataApi, 1, Number.POSITIVE_INFINITY, { now: Date.now, pause: async () => undefined });
    await database.sql(
      `update outbox_events set processed_at = now() - interval '2 days' where status = 'PROCESSED'`,
    );
    expect((await purgeNow()).purged).toBeGreaterThanOrEqual(FINISHED);
    await publishStatistics();

    expect(await purgeNow()).toEqual({ purged: 0, more: false, overdueSeconds: 0 });
    expect(
      await blocksOf(
        `select min(processed_at) from outbox_events
         where status = 'PROCESSED' and processed_at >= (select outbox_front('purgeable'))`,
      ),
    ).toBeLessThan(2000);
  });

  test.each([
    ['an event that is committed late', () => insert('late', `now() - interval '1 hour'`)],
    [
      'an event that a person makes due in the past',
      async () => {
        await insert('late', `now() + interval '1 hour'`);
        await database.sql(
          `update outbox_events set due_at = now() - interval '70 s' where aggregate_id = 'late' and status = 'PENDING'`,
        );
      },
    ],
    [
      'an ordered event that is committed late',
      async () => {
        await insert('late', 'now()', `'late'`);
        await database.sql(
          `update outbox_ordering_queue set due_at = now() - interval '1 hour' where ordering_key = 'late'`,
        );
      },
    ],
  ])('%s is found by later claims', async (_, makeLate) => {
    await makeLate();

    let found: readonly string[] = [];
    for (let claims = 0; claims < 200 && found.length === 0; claims += 1)
      found = aggregateOf((await claimBatch(database)).events);

    expect(found).toEqual(['late']);
    await finishAll();
  });

  test('a look begins no later than the oldest open transaction that has written something', async () => {
    const oldestWriter = async () =>
      (await database.sql(`select outbox_oldest_writer(current_database()) as since`))[0]?.['since'];
    expect(await oldestWriter()).toBeNull(); // the session with the old snapshot only reads
    const writer = await database.connect();
    await writer.query('begin');
    const { rows } = await writer.query('select now() as began');
    expect(await oldestWriter()).toBeNull();
    await writer.query(
      `insert into outbox_events (aggregate_id, event_type, payload) values ('open', 'b', '{}')`,
    );
    expect(await oldestWriter()).toEqual(rows[0].began);
    await writer.query('rollback');
    writer.release();

    await worker.query('begin');
    await worker.query(
      `create or replace function outbox_oldest_writer(of_database name) returns timestamptz language sql stable
       return now() - interval '5 minutes'`,
    );
    const front = await worker.query(
      `select now() - outbox_front('due_events') = interval '5 minutes' as is_old`,
    );
    await worker.query('rollback');
    expect(front.rows).toEqual([{ is_old: true }]);
  });

  test('a late event is found while others keep the claims busy', async () => {
    await insert('late', `now() - interval '10 minutes'`);

    const found = new Set<string>();
    for (let claims = 0; claims < 200 && !found.has('late'); claims += 1) {
      await insert('busy', 'now()');
      for (const aggregate of aggregateOf((await claimBatch(database, { leaseToken: looksBelow() })).events))
        found.add(aggregate);
    }

    expect([...found].sort()).toEqual(['busy', 'late']);
    await finishAll();
  });

  test('what a claim took that is rolled back is claimed again', async () => {
    await insert('rolled back', `now() - interval '3 s'`);
    await claimBlocks(looksAbove());

    expect(aggregateOf((await claimBatch(database)).events)).toEqual(['rolled back']);
    await finishAll();
  });

  test('an ordered event that a person makes unfinished again is claimed', async () => {
    await insert('first', 'now()', `'again'`);
    await insert('second', 'now()', `'again'`);
    const { events } = await claimBatch(database);
    await finishAll();
    expect((await claimBatch(database)).events).toEqual([]);

    await database.sql(
      `update outbox_events set status = 'PENDING', due_at = now(), processed_at = null, attempts = 0 where id = $1`,
      [events[0]?.eventId],
    );

    expect(aggregateOf((await claimBatch(database)).events)).toEqual(['first']);
    await finishAll();
  });

  test('doctor names the session that holds the snapshot', async () => {
    const { rows } = await holder.query<{ pid: number }>('select pg_backend_pid() as pid');

    const finding = await oldSnapshot.look({ database: () => database.dataApi } as unknown as Context);

    expect(finding).toEqual({
      result: 'ok',
      found: expect.stringMatching(
        new RegExp(
          `^the oldest is session ${rows[0]?.pid} of postgres idle in transaction, open for .+ ago$`,
        ),
      ),
    });
  });
});
