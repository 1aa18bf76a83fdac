import { beforeEach, describe, expect, test } from '@jest/globals';
import { describeOutage, explainOutage, type Outage, readBus } from '../../cli/outage.ts';
import { readOutage } from '../../local/outbox-status.ts';
import type { TransactionalDataApi } from '../../outbox/data-api.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase();

beforeEach(() => database.sql('truncate outbox_events'));

const insert = (count: number, columns: string, values: string) =>
  database.sql(
    `insert into outbox_events (aggregate_id, event_type, payload, ${columns})
     select 'order-1', 'order.placed', '{}', ${values} from generate_series(1, $1::integer)`,
    [count],
  );

/** Events that were given back for the first time so many minutes ago, and are due in as many seconds. */
const givenBack = (count: number, minutes: number, dueSeconds: number, errorType = 'InternalException') =>
  insert(
    count,
    'given_back_since, due_at, last_error_type, last_error',
    `now() - interval '${minutes} minutes', now() + interval '${dueSeconds} seconds', '${errorType}', 'why'`,
  );
const processed = (minutes: number) =>
  insert(1, 'status, due_at, processed_at', `'PROCESSED', null, now() - interval '${minutes} minutes'`);
const minutesOf = ({ outage }: { outage: Outage | undefined }) => (outage?.seconds ?? Number.NaN) / 60;

describe('the bus', () => {
  test('the bus has no outage while no event was given back, even if events failed, are delayed or in backoff', async () => {
    expect(await readBus(database.dataApi)).toEqual({ outage: undefined, lastProcessedAt: undefined });
    await insert(
      1,
      'due_at, attempts, last_error_type',
      `now() + interval '9 minutes', 1, 'InternalFailure'`,
    );
    await insert(1, 'due_at', `now() + interval '1 hour'`);
    await insert(1, 'status, due_at, failed_at, given_back_since', `'FAILED', null, now(), now()`);

    expect((await readBus(database.dataApi)).outage).toBeUndefined();
    expect(await readOutage(database.pool)).toBeUndefined();
  });

  test('an outage begins when the first event was given back, whether those events are due or not', async () => {
    await processed(30);
    await givenBack(2, 7, 20);
    await givenBack(1, 9, -20);
    await insert(
      1,
      'status, lease_token, given_back_since, due_at, last_error_type',
      `'PROCESSING', gen_random_uuid(), now() - interval '8 minutes', now() + interval '5 minutes', 'TimeoutError'`,
    );
    await insert(50, 'due_at', `now() - interval '1 minute'`);

    const state = await readBus(database.dataApi);

    expect(state.outage).toMatchObject({ events: 4, errorType: 'TimeoutError' });
    expect(minutesOf(state)).toBeCloseTo(9, 1);
    const local = await readOutage(database.pool);
    expect(local).toMatchObject({ since: state.outage?.since, events: 4, errorType: 'TimeoutError' });
    expect((local?.seconds ?? 0) / 60).toBeCloseTo(9, 1);
  });

  test('an outage ends as soon as the bus has accepted an event, although others still wait for their next attempt', async () => {
    await givenBack(2, 7, 20);
    await processed(1);

    const { outage, lastProcessedAt } = await readBus(database.dataApi);

    expect(outage).toBeUndefined();
    expect(lastProcessedAt).toMatch(/^\d{4}-.*Z$/);
    expect(await readOutage(database.pool)).toBeUndefined();
  });

  test('a second outage begins with the events that were given back since the first one ended', async () => {
    await givenBack(2, 60, 20);
    await processed(30);
    await givenBack(1, 5, 20);

    const state = await readBus(database.dataApi);

    expect(state.outage?.events).toBe(1);
    expect(minutesOf(state)).toBeCloseTo(5, 1);
  });
});

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly Plans?: readonly PlanNode[];
}
const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

test.each([
  ['that nobody has analyzed since', 'select 1'],
  ['that is analyzed', 'analyze outbox_events'],
])(
  'looking for an outage reads a bounded part of the index of due events in a backlog %s',
  async (_, prepare) => {
    await database.sql('analyze outbox_events');
    await insert(40_000, 'due_at', `now() - random() * interval '1 hour'`);
    await database.sql(prepare);
    const statements: string[] = [];
    const recording: TransactionalDataApi = {
      ...database.dataApi,
      async query(sql) {
        statements.push(sql);
        return database.dataApi.query(sql);
      },
      transaction: (work) => work(recording),
    };
    await readBus(recording);
    const [settings = '', sql] = statements;

    const connection = await database.connect();
    await connection.query('begin');
    await connection.query(settings);
    const { rows } = await connection.query<{ 'QUERY PLAN': readonly { Plan: PlanNode }[] }>(
      `explain (analyze, timing off, format json) ${sql}`,
    );
    await connection.query('rollback');
    connection.release();

    const nodes = nodesOf(rows[0]?.['QUERY PLAN'][0]?.Plan as PlanNode);
    const reads = nodes.filter(({ 'Index Name': index }) => index === 'outbox_events_due');
    expect(nodes.map((node) => node['Node Type'])).not.toContain('Seq Scan');
    expect(reads.length).toBe(2);
    expect(Math.max(...reads.map((node) => node['Actual Rows'] ?? 0))).toBeLessThanOrEqual(10_000);
  },
);

test('the sentence about an outage says since when, what it costs, how many events wait and what to do', () => {
  const outage = {
    since: '2026-11-25T10:04:12.123456Z',
    seconds: 121,
    events: 36,
    errorType: 'InternalException',
    error: 'busy',
  };

  expect(explainOutage(outage)).toMatch(
    /^the bus has not accepted anything since 2026-11-25T10:04:12Z \(2 min\), InternalException: busy; nothing is lost, and no attempt is used before outbox:outageLimitSeconds \(by default a day\): 36 events wait and are published when the bus accepts again; wait: it drains/,
  );
  expect(describeOutage({ ...outage, seconds: 100_000, events: 1_000 })).toMatch(
    /\(27\.8 h\).* 1000 or more events wait/,
  );
});
