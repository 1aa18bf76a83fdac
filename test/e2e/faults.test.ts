import { describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import type { FaultRule } from '../../twin/faults/rules.ts';
import { eventually } from '../support/eventually.ts';
import { beginScenario, expectNothingLost, passTime, settle } from '../support/outbox-scenario.ts';
import type { Execution, TwinProcess } from '../support/twin-process.ts';
import { useTwin } from '../support/use-twin.ts';

const EVENTS = 210;
const BATCH = 200;
const IN_FLIGHT = 40;

let twin: TwinProcess;
let pool: pg.Pool;

useTwin((underTest) => {
  ({ twin, pool } = underTest);
});

interface Scenario {
  readonly faults: readonly FaultRule[];
  /** Total number of duplicates on the bus, over all events. */
  readonly atMostDuplicates: number;
  /** Attempts of any event at the end. */
  readonly atMostAttempts: number;
  /** Status of the run with the faults. */
  readonly run: 'SUCCEEDED' | 'FAILED' | 'ABORTED';
}

const claimSql = { sql: 'claim_outbox_events' };
const markSql = { sql: "set status = 'processed'" };
const fails = (code: string) => ({ kind: 'error', code }) as const;
const crash = (when: 'before' | 'after') => ({ kind: 'crash', when }) as const;
const once = { times: 1 } as const;

const scenarios: readonly (readonly [string, Scenario])[] = [
  [
    'a claim that the database refuses once',
    {
      faults: [{ service: 'rds-data', ...fails('DatabaseResumingException'), match: claimSql, ...once }],
      atMostDuplicates: 0,
      atMostAttempts: 1,
      run: 'SUCCEEDED',
    },
  ],
  [
    'a claim whose answer is lost',
    {
      faults: [{ service: 'rds-data', kind: 'drop-response', match: claimSql, ...once }],
      atMostDuplicates: 0,
      atMostAttempts: 1,
      run: 'SUCCEEDED',
    },
  ],
  [
    'a claim that is never allowed',
    {
      faults: [{ service: 'rds-data', ...fails('AccessDeniedException'), match: claimSql }],
      atMostDuplicates: 0,
      atMostAttempts: 1,
      run: 'FAILED',
    },
  ],
  [
    'a fetch that dies before its claim',
    {
      faults: [{ service: 'lambda', ...crash('before'), match: { function: 'fetch-batch' }, ...once }],
      atMostDuplicates: 0,
      atMostAttempts: 1,
      run: 'SUCCEEDED',
    },
  ],
  [
    'a fetch that dies after its claim',
    {
      faults: [{ service: 'lambda', ...crash('after'), match: { function: 'fetch-batch' }, ...once }],
      atMostDuplicates: 0,
      atMostAttempts: 1,
      run: 'SUCCEEDED',
    },
  ],
  [
    'a run that dies after its claim',
    {
      faults: [{ service: 'states', ...crash('after'), match: { function: 'fetch-batch' }, ...once }],
      atMostDuplicates: 0,
      atMostAttempts: 2,
      run: 'ABORTED',
    },
  ],
  [
    'a publisher that dies before it publishes',
    {
      faults: [{ service: 'lambda', ...crash('before'), match: { function: 'publish-event' }, times: 3 }],
      atMostDuplicates: 0,
      atMostAttempts: 2,
      run: 'SUCCEEDED',
    },
  ],
  [
    'a publisher that dies after it published',
    {
      faults: [{ service: 'lambda', ...crash('after'), match: { function: 'publish-event' }, times: 3 }],
      atMostDuplicates: 3,
      atMostAttempts: 2,
      run: 'SUCCEEDED',
    },
  ],
  [
    'PutEvents answers that are lost',
    {
      faults: [{ service: 'events', operation: 'PutEvents', kind: 'drop-response', times: 5 }],
      atMostDuplicates: 5,
      atMostAttempts: 2,
      run: 'SUCCEEDED',
    },
  ],
  [
    'a run that dies while it publishes',
    {
      faults: [
        {
          service: 'states',
          ...crash('after'),
          match: { function: 'publish-event', detailType: 'dish.removed' },
          ...once,
        },
      ],
      atMostDuplicates: BATCH,
      atMostAttempts: 2,
      run: 'ABORTED',
    },
  ],
  [
    'a run that dies before it marks',
    {
      faults: [{ service: 'states', ...crash('before'), match: { function: 'mark-processed' }, ...once }],
      atMostDuplicates: BATCH,
      atMostAttempts: 2,
      run: 'ABORTED',
    },
  ],
  [
    'a run that dies after it marked',
    {
      faults: [{ service: 'states', ...crash('after'), match: { function: 'mark-processed' }, ...once }],
      atMostDuplicates: 0,
      atMostAttempts: 1,
      run: 'ABORTED',
    },
  ],
  [
    'a mark that fails once',
    {
      faults: [{ service: 'rds-data', ...fails('DatabaseUnavailableException'), match: markSql, ...once }],
      atMostDuplicates: 0,
      atMostAttempts: 1,
      run: 'SUCCEEDED',
    },
  ],
  [
    'a secret that cannot be read once and a connection that is lost once',
    {
      faults: [
        // The error codes of a failed sign-in and of a lost connection to the database.
        { service: 'rds-data', ...fails('BadRequestException'), match: claimSql, ...once },
        { service: 'rds-data', ...fails('SecretsErrorException'), match: markSql, ...once },
      ],
      atMostDuplicates: 0,
      atMostAttempts: 1,
      run: 'SUCCEEDED',
    },
  ],
  [
    'a mark whose answer is lost',
    {
      faults: [{ service: 'rds-data', kind: 'drop-response', match: markSql, ...once }],
      atMostDuplicates: 0,
      atMostAttempts: 1,
      run: 'SUCCEEDED',
    },
  ],
  [
    'a mark that is never allowed',
    {
      faults: [{ service: 'rds-data', ...fails('AccessDeniedException'), match: markSql }],
      atMostDuplicates: BATCH,
      atMostAttempts: 2,
      run: 'FAILED',
    },
  ],
  [
    'a marker that dies before and after its statement',
    {
      faults: [
        { service: 'lambda', ...crash('before'), match: { function: 'mark-processed' }, ...once },
        { service: 'lambda', ...crash('after'), match: { function: 'mark-processed' }, ...once },
      ],
      atMostDuplicates: 0,
      atMostAttempts: 1,
      run: 'SUCCEEDED',
    },
  ],
  [
    'entries that EventBridge fails temporarily and a lost answer of their mark',
    {
      faults: [
        {
          service: 'events',
          kind: 'entry-error',
          code: 'InternalFailure',
          match: { detailType: 'dish.removed' },
        },
        { service: 'rds-data', kind: 'drop-response', match: { sql: 'errorType' }, ...once },
      ],
      atMostDuplicates: 0,
      atMostAttempts: 2,
      run: 'SUCCEEDED',
    },
  ],
  [
    'slow answers',
    {
      faults: [{ service: 'events', kind: 'latency', ms: 50, probability: 0.5, seed: 7 }],
      atMostDuplicates: 0,
      atMostAttempts: 1,
      run: 'SUCCEEDED',
    },
  ],
];

describe('recovery after a fault', () => {
  test.each(scenarios)(
    'no event is lost or stuck after %s',
    async (_, { faults, atMostDuplicates, atMostAttempts, run }) => {
      const before = await beginScenario(twin, pool, EVENTS);
      await twin.setFaults(faults);

      const { status } = await twin.tick();

      expect(await twin.faultsFired()).not.toContain(0);
      expect(status).toBe(run);
      await settle(twin, pool);
      const { rows } = await expectNothingLost(twin, pool, before, { atMostDuplicates });
      expect(rows.filter((row) => row.status !== 'PROCESSED')).toEqual([]);
      expect(Math.max(...rows.map(({ attempts }) => attempts))).toBeLessThanOrEqual(atMostAttempts);
    },
  );
});

test('a crashed run publishes at most the events that it had claimed', async () => {
  const before = await beginScenario(twin, pool, EVENTS);
  await twin.setFaults([
    { service: 'states', kind: 'crash', when: 'before', match: { function: 'publish-event' }, times: 1 },
  ]);

  await twin.tick();

  const published = (await twin.busEvents()).length - before;
  expect(published).toBeLessThanOrEqual(IN_FLIGHT);
  await settle(twin, pool);
  await expectNothingLost(twin, pool, before, { atMostDuplicates: published });
});

test('a row locked during a run does not delay the marking of others and is marked when it is unlocked', async () => {
  const before = await beginScenario(twin, pool, 20);
  await twin.setFaults([{ service: 'events', operation: 'PutEvents', kind: 'latency', ms: 500 }]);
  const countOf = async (status: string) => {
    const { rows } = await pool.query('select from outbox_events where status = $1', [status]);
    return rows.length;
  };
  const session = await pool.connect();
  const run = twin.tick();
  try {
    await eventually(async () => (await countOf('PROCESSING')) === 20);
    await session.query('begin');
    await session.query('select from outbox_events order by id limit 1 for update');

    await eventually(async () => (await countOf('PROCESSED')) >= 19);
    expect(await countOf('PROCESSING')).toBe(1);
  } finally {
    session.release(true);
  }

  expect(await run).toMatchObject({ status: 'SUCCEEDED', output: { published: 20 } });
  expect(await countOf('PROCESSED')).toBe(20);
  await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
});

test('idle connections that were closed while the functions were frozen cause no failure', async () => {
  await beginScenario(twin, pool, IN_FLIGHT);
  await twin.tick();
  const before = await beginScenario(twin, pool, EVENTS);
  await twin.setFaults([
    { service: 'rds-data', kind: 'reset-idle' },
    { service: 'events', operation: 'PutEvents', kind: 'reset-idle' },
  ]);

  const { status, executionArn } = await twin.tick();

  expect(await twin.faultsFired()).not.toContain(0);
  expect(status).toBe('SUCCEEDED');
  const { history } = await twin.get<Execution>(`/_local/executions/${encodeURIComponent(executionArn)}`);
  expect(history?.filter(({ type }) => /Failed|TimedOut/.test(type))).toEqual([]);
  const { rows } = await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
  expect(rows.every(({ attempts, errorType }) => attempts === 1 && errorType === null)).toBe(true);
});

test('two runs at the same time share the work without a duplicate', async () => {
  const before = await beginScenario(twin, pool, EVENTS * 3);

  await Promise.all([twin.tick(), twin.tick()]);

  await settle(twin, pool);
  const { rows } = await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
  expect(rows.every(({ attempts }) => attempts === 1)).toBe(true);
});

test('a permanent error fails its event for good immediately, with a cause, and delays no other event', async () => {
  const before = await beginScenario(twin, pool, EVENTS);
  await twin.setFaults([
    {
      service: 'events',
      kind: 'entry-error',
      code: 'NotAuthorizedForSourceException',
      match: { detailType: 'dish.removed' },
    },
  ]);

  const run = await twin.tick();

  expect(run.output).toMatchObject({ claimed: EVENTS, published: 189, failed: 21, failedForGood: 21 });
  const { rows } = await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
  const failures = rows.filter(({ status }) => status === 'FAILED');
  expect(failures).toHaveLength(21);
  expect(new Set(failures.map(({ errorType, attempts }) => `${errorType} ${attempts}`))).toEqual(
    new Set(['NotAuthorizedForSourceException 1']),
  );
});

test('an event whose attempts all fail is failed for good after the last, and every claim was counted', async () => {
  const before = await beginScenario(twin, pool, 3);
  await twin.setFaults([{ service: 'lambda', kind: 'crash', match: { function: 'publish-event' } }]);
  await pool.query('update outbox_events set attempts = 6');

  for (let tick = 0; tick < 3; tick += 1) {
    await twin.tick();
    await passTime(pool);
  }

  const { rows } = await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
  expect(rows).toEqual(
    Array(3).fill(expect.objectContaining({ status: 'FAILED', attempts: 8, errorType: 'Lambda.Unknown' })),
  );
});

test('a database that drops all connections during a run costs each event at most one attempt', async () => {
  const before = await beginScenario(twin, pool, EVENTS * 2);

  const run = twin.tick();
  await eventually(async () => (await twin.busEvents()).length - before >= 50);
  await pool.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
  );
  await run;

  await settle(twin, pool);
  const { rows } = await expectNothingLost(twin, pool, before, { atMostDuplicates: BATCH });
  expect(Math.max(...rows.map(({ attempts }) => attempts))).toBeLessThanOrEqual(2);
});

test('every one of 5,000 events is accounted for after random faults of all kinds', async () => {
  const before = await beginScenario(twin, pool, 5_000);
  const faults: FaultRule[] = [
    {
      service: 'events',
      operation: 'PutEvents',
      kind: 'entry-error',
      code: 'InternalFailure',
      probability: 0.06,
      seed: 1,
    },
    {
      service: 'events',
      operation: 'PutEvents',
      kind: 'error',
      code: 'InternalException',
      probability: 0.05,
      seed: 2,
    },
    { service: 'events', operation: 'PutEvents', kind: 'drop-response', probability: 0.04, seed: 3 },
    { service: 'events', operation: 'PutEvents', kind: 'latency', ms: 20, probability: 0.04, seed: 4 },
    {
      service: 'lambda',
      kind: 'crash',
      when: 'after',
      match: { function: 'publish-event' },
      probability: 0.005,
      seed: 5,
    },
    { service: 'lambda', kind: 'error', code: 'TooManyRequestsException', probability: 0.01, seed: 6 },
    { service: 'rds-data', kind: 'drop-response', probability: 0.2, seed: 7 },
    { service: 'rds-data', kind: 'error', code: 'DatabaseUnavailableException', probability: 0.1, seed: 8 },
    { service: 'states', kind: 'crash', match: { function: 'mark-processed' }, probability: 0.05, seed: 9 },
  ];
  await twin.setFaults(faults);

  let fired: number[] = [];
  for (let round = 0; round < 40; round += 1) {
    const { rows } = await pool.query('select from outbox_events where due_at is not null limit 1');
    if (rows.length === 0) break;
    await Promise.all([twin.tick(), twin.tick(), twin.tick()]);
    await passTime(pool);
    fired = await twin.faultsFired();
  }
  await settle(twin, pool);

  expect(fired.slice(0, 8)).not.toContain(0);
  const [, , lostAnswers = 0, , publisherCrashes = 0, , , , runCrashes = 0] = fired;
  const bound = lostAnswers + publisherCrashes + runCrashes * BATCH;
  const { rows } = await expectNothingLost(twin, pool, before, { atMostDuplicates: bound });
  expect(rows).toHaveLength(5_000);
}, 300_000);
