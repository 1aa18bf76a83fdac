import { expect, test } from '@jest/globals';
import type pg from 'pg';
import { beginScenario, expectNothingLost, settle } from '../support/outbox-scenario.ts';
import type { Execution, TwinProcess } from '../support/twin-process.ts';
import { useTwin } from '../support/use-twin.ts';

let twin: TwinProcess;
let pool: pg.Pool;

useTwin((underTest) => {
  ({ twin, pool } = underTest);
});

/** The Wait states that a run has entered. */
async function waitsOf({ executionArn }: Execution): Promise<unknown[]> {
  const { history = [] } = await twin.get<Execution>(
    `/_local/executions/${encodeURIComponent(executionArn)}`,
  );
  return history
    .filter(({ type }) => type === 'WaitStateEntered')
    .map(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name);
}

const givenBack = () =>
  pool.query(
    `select status, attempts, last_error_type as "errorType", due_at > now() as later, count(*)::int
     from outbox_events group by 1, 2, 3, 4 order by 1, 5`,
  );

test('a run fails before it claims anything when the bus does not exist', async () => {
  const before = await beginScenario(twin, pool, 30);
  await twin.setFaults([
    { service: 'events', operation: 'DescribeEventBus', kind: 'error', code: 'ResourceNotFoundException' },
  ]);

  const run = await twin.tick();

  expect(run).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
  expect(run.cause).toMatch(/^BusMissing: .*event bus bellyfed-events does not exist: create it again/);
  expect((await twin.faultsFired())[0]).toBe(1);
  expect((await givenBack()).rows).toEqual([
    { status: 'PENDING', attempts: 0, errorType: null, later: false, count: 30 },
  ]);
  await settle(twin, pool);
  await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
});

test('a run publishes when the bus cannot be checked', async () => {
  const before = await beginScenario(twin, pool, 0);
  const look = { service: 'events', operation: 'DescribeEventBus' } as const;
  for (const fault of [
    { kind: 'error', code: 'AccessDeniedException' },
    { kind: 'error', code: 'ThrottlingException' },
    { kind: 'error', code: 'InternalException' },
    { kind: 'latency', ms: 5_000 },
  ] as const) {
    await pool.query(
      `insert into outbox_events (aggregate_id, event_type, payload) values ('7', 'dish.rated', '{}')`,
    );
    await twin.setFaults([{ ...look, ...fault }]);

    const run = await twin.tick();

    expect(run).toMatchObject({ status: 'SUCCEEDED', output: { claimed: 1, published: 1 } });
    expect(await twin.faultsFired()).toEqual([1]);
  }
  const { rows } = await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
  expect(rows.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1]);
});

test('a run ends early and consumes no attempt when the bus is down for the whole run', async () => {
  const before = await beginScenario(twin, pool, 250);
  await twin.setFaults([
    { service: 'events', operation: 'PutEvents', kind: 'error', code: 'InternalException' },
  ]);

  const run = await twin.tick();

  // A batch of 200 was tried; the other 50 stayed pending although they were due.
  expect(run.output).toEqual({
    ...{ claimed: 200, published: 0, failed: 200, failedForGood: 0, batches: 1 },
    outage: true,
  });
  expect((await givenBack()).rows).toEqual([
    { status: 'PENDING', attempts: 0, errorType: null, later: false, count: 50 },
    { status: 'PENDING', attempts: 0, errorType: 'InternalException', later: true, count: 200 },
  ]);
  await settle(twin, pool);
  const { rows } = await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
  expect(rows.every(({ status, attempts }) => status === 'PROCESSED' && attempts === 1)).toBe(true);
});

test('throttled events are given back without consuming an attempt, and the run slows down but does not end', async () => {
  const before = await beginScenario(twin, pool, 250);
  await twin.setFaults([
    {
      service: 'events',
      kind: 'entry-error',
      code: 'ThrottlingException',
      match: { detailType: 'dish.removed' },
    },
    // Counts the checks of the bus.
    { service: 'events', operation: 'DescribeEventBus', kind: 'latency', ms: 0 },
  ]);

  const run = await twin.tick();

  expect(run.output).toEqual({
    ...{ claimed: 250, published: 225, failed: 25, failedForGood: 0, batches: 2 },
    ...{ throttled: 25, publishers: 40 },
  });
  expect(await waitsOf(run)).toEqual(['Slow down']);
  expect((await twin.faultsFired())[1]).toBe(1);
  expect((await givenBack()).rows).toEqual([
    { status: 'PENDING', attempts: 0, errorType: 'ThrottlingException', later: true, count: 25 },
    { status: 'PROCESSED', attempts: 1, errorType: null, later: null, count: 225 },
  ]);
  await settle(twin, pool);
  await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
});

test('the events of a publisher that Lambda throttles are given back without consuming an attempt', async () => {
  const before = await beginScenario(twin, pool, 30);
  await twin.setFaults([
    {
      service: 'lambda',
      kind: 'error',
      code: 'TooManyRequestsException',
      match: { function: 'publish-event', detailType: 'dish.removed' },
    },
  ]);

  await twin.tick();

  expect((await givenBack()).rows).toEqual([
    { status: 'PENDING', attempts: 0, errorType: 'Lambda.TooManyRequestsException', later: true, count: 3 },
    { status: 'PROCESSED', attempts: 1, errorType: null, later: null, count: 27 },
  ]);
  await settle(twin, pool);
  await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
});

test('one event of 900 KB in a batch of small events delays none of them', async () => {
  const before = await beginScenario(twin, pool, 50);
  await pool.query(
    `insert into outbox_events (aggregate_id, event_type, payload, due_at)
     values ('huge', 'dish.photographed', jsonb_build_object('photo', repeat('"', 440000)), now() - interval '1 hour')`,
  );

  const run = await twin.tick();

  expect(run.output).toEqual({ claimed: 51, published: 51, failed: 0, failedForGood: 0, batches: 1 });
  await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
});

test('ten events of 60 KB make one batch, although their details do not fit the state of a run', async () => {
  const before = await beginScenario(twin, pool, 0);
  await pool.query(
    `insert into outbox_events (aggregate_id, event_type, payload)
     select n::text, 'dish.described', jsonb_build_object('text', repeat('x', 59000)) from generate_series(1, 10) n`,
  );

  const run = await twin.tick();

  expect(run.output).toEqual({ claimed: 10, published: 10, failed: 0, failedForGood: 0, batches: 1 });
  await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
});

test('an invalid event in the table fails for good with a clear reason', async () => {
  const before = await beginScenario(twin, pool, 5);
  await pool.query('alter table outbox_events drop constraint event_type_is_1_to_128_characters');
  await pool.query(
    `insert into outbox_events (aggregate_id, event_type, payload) values ('a', repeat('x', 129), '{}')`,
  );

  await twin.tick();

  const { rows } = await pool.query(
    `select last_error_type as "errorType", last_error as reason from outbox_events where status = 'FAILED'`,
  );
  expect(rows).toEqual([
    { errorType: 'InvalidDetailType', reason: 'the event type has 129 characters, 1 to 128 are allowed' },
  ]);
  await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
});
