import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { claimBatch, limits, runId } from '../support/claiming.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase();

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Relation Name'?: string;
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly Plans?: readonly PlanNode[];
}

interface Explained {
  readonly 'Query Text': string;
  readonly Plan: PlanNode;
}

const insertPending = (count: number, payload: string) =>
  database.sql(
    `insert into outbox_events (aggregate_id, event_type, payload, due_at)
     select 'a', 'b', ${payload}, now() - make_interval(secs => n) from generate_series(1, $1::integer) as n`,
    [count],
  );

const explainClaim = (call: { readonly maxEvents: number; readonly maxStateBytes?: number }) =>
  explain('select from claim_outbox_events($1, $2, $3, $4, $5, $6, $7)', () => [
    randomUUID(),
    runId,
    call.maxEvents,
    call.maxStateBytes ?? limits.maxStateBytes,
    limits.maxInlineBytes,
    limits.leaseSeconds,
    limits.maxAttempts,
  ]);

/** The plans that PostgreSQL really used for the statements inside a function, with the blocks they read. */
async function explain(call: string, parameters: () => readonly unknown[]): Promise<Explained[]> {
  const connection = await database.connect();
  const plans: Explained[] = [];
  const onNotice = ({ message = '' }: { message?: string | undefined }) => {
    const [, plan] = /plan:\n(.*)$/s.exec(message) ?? [];
    if (plan !== undefined) plans.push(JSON.parse(plan) as Explained);
  };
  try {
    connection.on('notice', onNotice);
    await connection.query(`load 'auto_explain'`);
    for (const setting of [
      'auto_explain.log_min_duration = 0',
      'auto_explain.log_nested_statements = on',
      'auto_explain.log_analyze = on',
      'auto_explain.log_buffers = on',
      'auto_explain.log_timing = off',
      'auto_explain.log_format = json',
      'auto_explain.log_level = notice',
    ]) {
      await connection.query(`set ${setting}`);
    }
    // More often than PostgreSQL plans with the real values before it chooses one plan for all values.
    for (let round = 0; round < 8; round += 1) {
      plans.length = 0;
      await connection.query('begin');
      await connection.query(call, [...parameters()]);
      await connection.query('rollback');
    }
    return plans;
  } finally {
    connection.removeListener('notice', onNotice);
    connection.release(true);
  }
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];
const blocksOf = ({ Plan }: Explained) =>
  (Plan['Shared Hit Blocks'] ?? 0) + (Plan['Shared Read Blocks'] ?? 0);

function candidatesOf(plans: readonly Explained[]): Explained {
  const found = plans.find((plan) => plan['Query Text'].includes('skip locked'));
  if (found === undefined) throw new Error(`no plan of the candidates among ${plans.length}`);
  return found;
}

describe('with 200,000 processed events and a backlog of 50,000', () => {
  beforeAll(async () => {
    const insertProcessed = () =>
      database.sql(
        `insert into outbox_events (aggregate_id, event_type, payload, status, due_at, processed_at)
         select 'a', 'b', '{}', 'PROCESSED', null, now() from generate_series(1, 100000)`,
      );
    await Promise.all([insertProcessed(), insertProcessed(), insertPending(50_000, `'{}'`)]);
  });

  test.each([
    ['that nobody has analyzed since', 'select 1'],
    ['that is analyzed', 'analyze outbox_events'],
  ])('a claim from a table %s scans the index of due events without a sort', async (_, prepare) => {
    await database.sql(prepare);

    const candidates = candidatesOf(await explainClaim({ maxEvents: 200 }));

    const nodes = nodesOf(candidates.Plan);
    expect(nodes.map((node) => node['Node Type'])).toEqual(['Limit', 'LockRows', 'Index Scan']);
    expect(nodes.at(-1)?.['Index Name']).toBe('outbox_events_due');
    // About four blocks for each of the 200 locked rows, and none for the processed events.
    expect(blocksOf(candidates)).toBeLessThan(1500);
  });

  test('no statement of a claim scans or sorts the whole table', async () => {
    const nodes = (await explainClaim({ maxEvents: 200 })).flatMap(({ Plan }) => nodesOf(Plan));

    const scans = nodes.filter((node) => node['Relation Name'] === 'outbox_events');
    expect(scans.length).toBeGreaterThan(3);
    expect(scans.map((node) => node['Node Type'])).not.toContain('Seq Scan');
  });

  test('a claim of an idle outbox reads fewer than ten blocks', async () => {
    await database.sql(
      `update outbox_events set status = 'PROCESSED', due_at = null, processed_at = now() where status = 'PENDING'`,
    );
    await database.sql('vacuum analyze outbox_events');
    expect((await claimBatch(database)).events).toEqual([]);

    const candidates = candidatesOf(await explainClaim({ maxEvents: 200 }));

    expect(blocksOf(candidates)).toBeLessThan(10);
  });
});

describe('a burst after a long time in which nothing was due', () => {
  beforeAll(async () => {
    await database.sql('truncate outbox_events');
    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload, status, due_at, processed_at)
       select 'a', 'b', '{}', 'PROCESSED', null, now() from generate_series(1, 20000)`,
    );
    // The statistics now say that due_at is always null.
    await database.sql('vacuum analyze outbox_events');
    await insertPending(20_000, `'{}'`);
  });

  test('a claim of a sudden burst scans the index of due events without a sort', async () => {
    const candidates = candidatesOf(await explainClaim({ maxEvents: 200 }));

    const nodes = nodesOf(candidates.Plan);
    expect(nodes.map((node) => node['Node Type'])).toEqual(['Limit', 'LockRows', 'Index Scan']);
    expect(nodes.at(-1)?.['Index Name']).toBe('outbox_events_due');
    expect(blocksOf(candidates)).toBeLessThan(1500);
  });

  test('no statement of a claim reads a sudden burst as a whole', async () => {
    const nodes = (await explainClaim({ maxEvents: 200 })).flatMap(({ Plan }) => nodesOf(Plan));

    const scans = nodes.filter((node) => node['Relation Name'] === 'outbox_events');
    expect(scans.length).toBeGreaterThan(3);
    expect(scans.map((node) => node['Node Type'])).not.toContain('Seq Scan');
    expect(scans.map((node) => node['Index Name'])).not.toContain('outbox_events_unfinished');
  });
});

describe('the view of the backlog', () => {
  const indexesOf = async (columns: string) =>
    (await explain(`select ${columns} from outbox_backlog`, () => []))
      .flatMap(({ Plan }) => nodesOf(Plan))
      .filter((node) => node['Relation Name'] === 'outbox_events')
      .map((node) => `${node['Node Type']} ${node['Index Name']}`.replace('Index Only Scan', 'Index Scan'));
  // The metrics of a run read these three columns, the CLI and the page read all.
  const gauges = ['outbox_events_due', 'outbox_events_failed', 'outbox_events_unfinished'];
  const all = [
    ...['outbox_events_due', 'outbox_events_due', 'outbox_events_due'],
    ...['outbox_events_failed', 'outbox_events_processing', 'outbox_events_purgeable'],
    ...['outbox_events_purgeable', 'outbox_events_unfinished'],
  ];
  const scansOf = (indexes: readonly string[]) => indexes.map((name) => `Index Scan ${name}`);

  test.each([
    ['whose statistics are from before a burst', async () => undefined],
    [
      'whose statistics are from a burst in which all was due and much had failed',
      async () => {
        await database.sql(
          `update outbox_events set status = 'FAILED', due_at = null, failed_at = now() where sequence % 3 = 0 and due_at is not null`,
        );
        await database.sql('delete from outbox_events where processed_at is not null');
        await database.sql('vacuum analyze outbox_events');
        await database.sql(
          `update outbox_events set status = 'PROCESSED', due_at = null, processed_at = now(), failed_at = null`,
        );
      },
    ],
  ])('the view of the backlog reads only partial indexes of a table %s', async (_, prepare) => {
    await prepare();

    expect((await indexesOf('due, failed, lag_seconds')).sort()).toEqual(scansOf(gauges));
    expect((await indexesOf('*')).sort()).toEqual(scansOf(all));
  });
});

test('a claim does not read the payloads of large events that it leaves behind', async () => {
  await database.sql('truncate outbox_events');
  // Incompressible, so that 900 KB take about 115 blocks outside the row.
  await insertPending(
    20,
    `jsonb_build_object('text', (select string_agg(md5(random()::text || i || n), '') from generate_series(1, 28000) as i))`,
  );
  const [{ blocks } = { blocks: 0 }] = await database.sql<{ blocks: number }>(
    `select cast(pg_table_size('outbox_events') / 8192 as integer) as blocks`,
  );
  expect(blocks).toBeGreaterThan(20 * 60);

  const plans = await explainClaim({ maxEvents: 20, maxStateBytes: 2000 });

  for (const plan of plans) expect(blocksOf(plan)).toBeLessThan(200);
});
