import { beforeEach, describe, expect, test } from '@jest/globals';
import type { DataApi } from '../../outbox/data-api.ts';
import { purge, purgeLimits } from '../../outbox/purge.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase();
const RETENTION_DAYS = 7;
const neverEnds = Number.POSITIVE_INFINITY;

beforeEach(() => database.sql('truncate outbox_events'));

/** Inserts processed events: the first is the oldest, each later one was processed a second later. */
async function insertProcessed(count: number, ageDays: number, payloadBytes = 0): Promise<void> {
  await database.sql(
    `insert into outbox_events (aggregate_id, event_type, payload, status, due_at, processed_at)
     select n::text, 'old', jsonb_build_object('text', repeat('x', $3)), 'PROCESSED', null,
       now() - make_interval(days => $2) + make_interval(secs => n) from generate_series(1, $1::integer) as n`,
    [count, ageDays, payloadBytes],
  );
}

const aggregatesLeft = async () =>
  (
    await database.sql<{ id: string }>('select aggregate_id as id from outbox_events order by processed_at')
  ).map(({ id }) => id);

interface Statement {
  readonly deleted: number;
  readonly rows: number;
}

/** Purges with a clock that advances only in pauses, and also returns every statement and every pause. */
async function purgeAll(endsAt = neverEnds, api: DataApi = database.dataApi) {
  const statements: Statement[] = [];
  const pauses: number[] = [];
  const recording: DataApi = {
    async query(sql, parameters = {}) {
      const rows = await api.query(sql, parameters);
      if ('rows' in parameters)
        statements.push({ deleted: Number(rows[0]?.[0]), rows: Number(parameters['rows']) });
      return rows;
    },
  };
  const result = await purge(recording, RETENTION_DAYS, endsAt, {
    now: () => 0,
    pause: async (ms) => pauses.push(ms),
  });
  return { ...result, statements, pauses };
}

test('a purge with nothing to delete runs one statement and reports nothing purged', async () => {
  await insertProcessed(3, 6);

  expect(await purgeAll()).toEqual({
    purged: 0,
    more: false,
    overdueSeconds: 0,
    statements: [{ deleted: 0, rows: 1000 }],
    pauses: [],
  });
});

test('only processed events past their retention are purged', async () => {
  await insertProcessed(30, 8);
  await insertProcessed(1, 6);
  await database.sql(
    `insert into outbox_events (aggregate_id, event_type, payload, status, due_at, failed_at, created_at) values
       ('failed', 'old', '{}', 'FAILED', null, now() - interval '90 days', now() - interval '90 days'),
       ('pending', 'old', '{}', 'PENDING', now() - interval '90 days', null, now() - interval '90 days')`,
  );

  expect(await purgeAll()).toMatchObject({ purged: 30, more: false, overdueSeconds: 0 });
  expect((await aggregatesLeft()).sort()).toEqual(['1', 'failed', 'pending']);
});

test('fast statements grow up to their limit, and the oldest events are deleted first', async () => {
  await insertProcessed(14_000, 8);

  const { statements, purged, more } = await purgeAll();

  // The later sizes depend on the speed of the machine.
  expect(statements[0]).toEqual({ deleted: 1000, rows: 1000 });
  for (const [index, { rows }] of statements.entries()) {
    expect(rows).toBeLessThanOrEqual(Math.min(purgeLimits.rows, 1000 * 2 ** index));
  }
  expect({ purged, more }).toEqual({ purged: 14_000, more: false });
});

describe('a purge that has reached its time limit', () => {
  test('a purge at its time limit reports more to delete and how far the oldest event exceeds its retention', async () => {
    await insertProcessed(1_100, 8);

    const { purged, more, overdueSeconds } = await purgeAll(0);

    expect({ purged, more }).toEqual({ purged: 1000, more: true });
    // A day, minus the seconds up to the 1,001st event.
    expect(overdueSeconds).toBeGreaterThan(86_400 - 1_002);
    expect(overdueSeconds).toBeLessThanOrEqual(86_400);
    expect((await aggregatesLeft())[0]).toBe('1001');
  });
});

describe('a purge of locked events', () => {
  test('a purge skips locked events without waiting and still counts them as overdue', async () => {
    await insertProcessed(20, 8);
    const holder = await database.connect();
    try {
      await holder.query('begin');
      await holder.query(`select from outbox_events where aggregate_id = '1' for update`);

      const { purged, more, overdueSeconds } = await purgeAll();

      expect({ purged, more }).toEqual({ purged: 19, more: false });
      expect(overdueSeconds).toBeGreaterThan(86_390);
    } finally {
      await holder.query('rollback');
      holder.release();
    }
    expect(await aggregatesLeft()).toEqual(['1']);
    expect(await purgeAll()).toMatchObject({ purged: 1, overdueSeconds: 0 });
  });
});

describe('a purge of large events', () => {
  const FIRST_BYTES = purgeLimits.bytes / 10;

  test('large events limit a statement by bytes, and all are deleted', async () => {
    await insertProcessed(10, 8, FIRST_BYTES / 4);

    const { statements, purged, more } = await purgeAll();

    // Four events and the envelope of the last exceed the byte limit: each statement deletes the event that exceeds it.
    expect(statements[0]?.deleted).toBe(4);
    expect({ purged, more }).toEqual({ purged: 10, more: false });
    expect(await aggregatesLeft()).toEqual([]);
  });

  test('a single event larger than the byte limit of a statement is deleted', async () => {
    await insertProcessed(2, 8, 1_000_000);
    const slow: DataApi = {
      // The smallest limit, as after slow statements.
      query: (sql, parameters = {}) =>
        database.dataApi.query(sql, 'bytes' in parameters ? { ...parameters, bytes: 1 } : parameters),
    };

    const { statements, purged } = await purgeAll(neverEnds, slow);

    expect(statements.map(({ deleted }) => deleted)).toEqual([1, 1]);
    expect(purged).toBe(2);
  });
});

test('after a slow statement, the purge pauses for as long and makes the next statement smaller', async () => {
  await insertProcessed(1_400, 8);
  const slow: DataApi = {
    async query(sql, parameters = {}) {
      const [row = [], ...others] = await database.dataApi.query(sql, parameters);
      // Four times the target duration of a statement.
      return 'rows' in parameters ? [row.with(3, 800)] : [row, ...others];
    },
  };

  const { statements, pauses } = await purgeAll(neverEnds, slow);

  expect(statements.slice(0, 3).map(({ rows }) => rows)).toEqual([1000, 250, 63]);
  // The clock of this test does not advance, so the purge must pause for the full time.
  expect(pauses.slice(0, 3)).toEqual([800, 800, 800]);
});

test('two purges at the same time delete every event once', async () => {
  await insertProcessed(5_000, 8);

  const both = await Promise.all([purgeAll(), purgeAll()]);

  expect(both[0].purged + both[1].purged).toBe(5_000);
  expect(await aggregatesLeft()).toEqual([]);
});

test('events that were processed at the same moment are all deleted, even over several statements', async () => {
  await database.sql(
    `insert into outbox_events (aggregate_id, event_type, payload, status, due_at, processed_at)
     select n::text, 'old', '{}', 'PROCESSED', null, now() - interval '8 days' from generate_series(1, 2600) as n`,
  );

  expect(await purgeAll()).toMatchObject({ purged: 2_600, more: false, overdueSeconds: 0 });
});

test('a purge finds events through the index, even with outdated statistics', async () => {
  // The statistics of a table without processed events.
  await database.sql('analyze outbox_events');
  await insertProcessed(20_000, 8);
  const plans: string[] = [];
  await purge(
    {
      async query(sql, parameters = {}) {
        const literals = sql.replace(/:(\w+)\b/g, (_, name: string) => {
          const value = parameters[name] ?? null;
          return value === null ? 'null' : `'${value}'`;
        });
        const plan = await database.sql<{ 'QUERY PLAN': string }>(`explain ${literals}`);
        plans.push(plan.map((line) => line['QUERY PLAN']).join('\n'));
        return database.dataApi.query(sql, parameters);
      },
    },
    RETENTION_DAYS,
    0,
    { now: () => 0, pause: async () => undefined },
  );

  expect(plans).toHaveLength(2);
  for (const plan of plans) expect(plan).toContain('outbox_events_purgeable');
  for (const plan of plans) expect(plan).not.toContain('Seq Scan on outbox_events');
});
