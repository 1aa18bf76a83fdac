import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { DataApi } from '../../outbox/data-api.ts';
import { markFailed } from '../../outbox/mark-failed.ts';
import { markProcessed } from '../../outbox/mark-processed.ts';
import { release } from '../../outbox/release.ts';
import { requeue } from '../../outbox/requeue.ts';
import { claimBatch } from '../support/claiming.ts';
import { backoff, fail, failed, published } from '../support/marking.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvents, readEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();
const failure = { kind: 'transient', errorType: 'States.Timeout', message: 'the run failed' } as const;

beforeEach(() => database.sql('truncate outbox_events'));

/** Runs the work while another session has locked the row, as a forgotten psql session does. */
async function whileLocked<T>(id: string, work: () => Promise<T>, how = 'for update'): Promise<T> {
  const session = await database.connect();
  try {
    await session.query('begin');
    await session.query(`select from outbox_events where id = $1 ${how}`, [id]);
    return await work();
  } finally {
    // The lock is gone when this is answered; a connection that is only closed may hold it a moment longer.
    await session.query('rollback');
    session.release();
  }
}

async function claimedEvents(count: number) {
  const ids = await insertEvents(database, count);
  const { leaseToken } = await claimBatch(database);
  return { ids, leaseToken, id: ids[1] ?? '' };
}

const statusesOf = (ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await readEvent(database, id)).status));

describe('a row that another session has locked', () => {
  test.each(['for update', 'for share'])(
    'a locked row does not prevent other rows from being marked processed (%s)',
    async (how) => {
      const { ids, id } = await claimedEvents(3);
      const outcomes = ids.map((eventId) => published(eventId));
      const mark = () => markProcessed(database.dataApi, outcomes);

      const meanwhile = await whileLocked(id, mark, how);

      expect(meanwhile).toMatchObject({ recorded: 2, lost: [], locked: [id] });
      expect(await statusesOf(ids)).toEqual(['PROCESSED', 'PROCESSING', 'PROCESSED']);
      expect(await mark()).toMatchObject({ recorded: 1, lost: [] });
      expect(await mark()).toEqual({ recorded: 0, failedForGood: 0, lost: [] });
    },
  );

  test('a locked row does not prevent other rows from being marked failed', async () => {
    const { ids, id, leaseToken } = await claimedEvents(3);
    const mark = () =>
      fail(
        database,
        leaseToken,
        ids.map((eventId) => failed(eventId, 'permanent')),
      );

    expect(await whileLocked(id, mark)).toEqual({ recorded: 2, failedForGood: 2, lost: [], locked: [id] });
    expect(await statusesOf(ids)).toEqual(['FAILED', 'PROCESSING', 'FAILED']);
    expect(await mark()).toEqual({ recorded: 1, failedForGood: 1, lost: [] });
  });

  test('a locked row does not prevent other rows from being given back', async () => {
    const { ids, id, leaseToken } = await claimedEvents(3);
    const giveBack = () => release(database.dataApi, leaseToken, failure, backoff);

    expect(await whileLocked(id, giveBack)).toEqual({
      recorded: 2,
      failedForGood: 0,
      lost: [],
      locked: [id],
    });
    expect(await statusesOf(ids)).toEqual(['PENDING', 'PROCESSING', 'PENDING']);
    expect(await giveBack()).toEqual({ recorded: 1, failedForGood: 0, lost: [] });
  });

  test('a locked row does not prevent other rows from being redriven', async () => {
    const { ids, id, leaseToken } = await claimedEvents(3);
    await fail(
      database,
      leaseToken,
      ids.map((eventId) => failed(eventId, 'permanent')),
    );
    const redrive = () => requeue(database.dataApi, 'redrive', { eventIds: ids }, { limit: 10, batch: 10 });

    expect(await whileLocked(id, redrive)).toEqual({ requeued: 2, total: 2, locked: [id], more: false });
    expect(await redrive()).toEqual({ requeued: 1, total: 3, more: false });
    expect(await statusesOf(ids)).toEqual(['PENDING', 'PENDING', 'PENDING']);
  });
});

test('lost outcomes are reported only when no row is locked any more', async () => {
  const { id } = await claimedEvents(2);
  const gone = randomUUID();
  const mark = () => markProcessed(database.dataApi, [published(id), published(gone)]);

  expect(await whileLocked(id, mark)).toMatchObject({ recorded: 0, lost: [], locked: [id] });
  expect(await mark()).toMatchObject({ recorded: 1, lost: [gone] });
});

test('a redrive continues past locked rows, even when they fill a batch, and reports them at its end', async () => {
  const { ids, leaseToken } = await claimedEvents(3);
  for (const id of ids) await fail(database, leaseToken, [failed(id, 'permanent')]);
  const redrive = () => requeue(database.dataApi, 'redrive', {}, { limit: 10, batch: 1 });

  const [oldest = ''] = ids;
  const answers = await whileLocked(oldest, async () => [await redrive(), await redrive(), await redrive()]);

  expect(answers).toEqual([
    { requeued: 1, total: 1, more: true },
    { requeued: 1, total: 2, more: true },
    { requeued: 0, total: 2, locked: [oldest], more: false },
  ]);
  expect(await redrive()).toEqual({ requeued: 1, total: 3, more: true });
});

test('a locked row does not count towards the limit of a redrive', async () => {
  const { ids, leaseToken } = await claimedEvents(3);
  for (const id of ids) await fail(database, leaseToken, [failed(id, 'permanent')]);
  const redrive = () => requeue(database.dataApi, 'redrive', {}, { limit: 2, batch: 10 });

  expect(await whileLocked(ids[0] ?? '', redrive)).toEqual({ requeued: 2, total: 2, more: false });
  expect(await redrive()).toEqual({ requeued: 0, total: 2, more: false });
});

describe('outcomes in a table with 100,000 processed events', () => {
  interface PlanNode {
    readonly 'Node Type': string;
    readonly 'Index Name'?: string;
    readonly 'Relation Name'?: string;
    readonly Plans?: readonly PlanNode[];
  }
  const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

  /** The indexes that a call uses to read the table; a plan without an index is listed by its node type. */
  async function accessOf(call: (dataApi: DataApi) => Promise<unknown>): Promise<string[]> {
    const plans: string[] = [];
    await call({
      async query(sql, parameters) {
        const [row] = await database.dataApi.query(`explain (format json) ${sql}`, parameters);
        plans.push(String(row?.[0]));
        return [[0, 0, '[]', '[]', null]];
      },
    });
    const scans = plans
      .flatMap((plan) => JSON.parse(plan) as { readonly Plan: PlanNode }[])
      .flatMap(({ Plan }) => nodesOf(Plan))
      .filter((node) => node['Relation Name'] === 'outbox_events' && node['Node Type'] !== 'ModifyTable');
    return [...new Set(scans.map((scan) => scan['Index Name'] ?? scan['Node Type']))].sort();
  }

  async function accessOfOutcomes() {
    const { ids, leaseToken } = await claimedEvents(200);
    const successes = ids.map((id) => published(id));
    const failures = ids.map((id) => failed(id, 'transient'));
    return {
      processed: await accessOf((dataApi) => markProcessed(dataApi, successes)),
      failed: await accessOf((dataApi) => markFailed(dataApi, leaseToken, failures, backoff)),
      released: await accessOf((dataApi) => release(dataApi, leaseToken, failure, backoff)),
    };
  }

  test('outcomes use only the keys of the table, even with outdated statistics', async () => {
    const byKeys = {
      processed: ['outbox_events_pkey'],
      failed: ['outbox_events_pkey'],
      released: ['outbox_events_pkey', 'outbox_events_processing'],
    };
    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload, status, due_at, processed_at)
       select 'a', 'b', '{}', 'PROCESSED', null, now() from generate_series(1, 100000)`,
    );

    // No statistics exist yet.
    expect(await accessOfOutcomes()).toEqual(byKeys);

    // The statistics are from a time when nothing was due.
    await database.sql(`delete from outbox_events where status <> 'PROCESSED'`);
    await database.sql('analyze outbox_events');
    expect(await accessOfOutcomes()).toEqual(byKeys);
  });
});
