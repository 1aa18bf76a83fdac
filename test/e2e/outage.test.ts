import { expect, test } from '@jest/globals';
import type pg from 'pg';
import { beginScenario, expectNothingLost, settle } from '../support/outbox-scenario.ts';
import type { TwinProcess } from '../support/twin-process.ts';
import { useTwin } from '../support/use-twin.ts';

let twin: TwinProcess;
let pool: pg.Pool;

useTwin((underTest) => {
  ({ twin, pool } = underTest);
});

const givenBack = () =>
  pool.query(
    `select status, attempts, last_error_type as "errorType", due_at > now() as later, count(*)::int
     from outbox_events group by 1, 2, 3, 4 order by 1, 5`,
  );

// First in this file: a warm function remembers for a minute that it has seen the bus.
test('a bus that is gone: nothing is sent into the void, and nothing is used up', async () => {
  const before = await beginScenario(twin, pool, 30);
  await twin.setFaults([
    { service: 'events', operation: 'DescribeEventBus', kind: 'error', code: 'ResourceNotFoundException' },
  ]);

  const run = await twin.tick();

  expect(run).toMatchObject({
    status: 'SUCCEEDED',
    output: { claimed: 30, published: 0, failed: 30, parked: 0 },
  });
  expect((await givenBack()).rows).toEqual([
    { status: 'PENDING', attempts: 0, errorType: 'BusMissing', later: true, count: 30 },
  ]);
  await settle(twin, pool);
  await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
});

test('a bus that is down for the whole run: no attempt is consumed and the run ends early', async () => {
  const before = await beginScenario(twin, pool, 250);
  await twin.setFaults([
    { service: 'events', operation: 'PutEvents', kind: 'error', code: 'InternalException' },
  ]);

  const run = await twin.tick();

  // A batch of 200 was tried; the 50 behind it were left alone although they were due.
  expect(run.output).toEqual({ claimed: 200, published: 0, failed: 200, parked: 0, batches: 1 });
  expect((await givenBack()).rows).toEqual([
    { status: 'PENDING', attempts: 0, errorType: null, later: false, count: 50 },
    { status: 'PENDING', attempts: 0, errorType: 'InternalException', later: true, count: 200 },
  ]);
  await settle(twin, pool);
  const { rows } = await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
  expect(rows.every(({ status, attempts }) => status === 'PROCESSED' && attempts === 1)).toBe(true);
});

test('throttling gives back what it hits and consumes nothing', async () => {
  const before = await beginScenario(twin, pool, 40);
  await twin.setFaults([
    {
      service: 'events',
      kind: 'entry-error',
      code: 'ThrottlingException',
      match: { detailType: 'dish.removed' },
    },
  ]);

  await twin.tick();

  expect((await givenBack()).rows).toEqual([
    { status: 'PENDING', attempts: 0, errorType: 'ThrottlingException', later: true, count: 4 },
    { status: 'PROCESSED', attempts: 1, errorType: null, later: null, count: 36 },
  ]);
  await settle(twin, pool);
  await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
});

test('a publisher that Lambda does not run gives its events back and consumes nothing', async () => {
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

test('one event of 900 KB in a batch of small ones delays none of them', async () => {
  const before = await beginScenario(twin, pool, 50);
  await pool.query(
    `insert into outbox_events (aggregate_id, event_type, payload, due_at)
     values ('huge', 'dish.photographed', jsonb_build_object('photo', repeat('"', 440000)), now() - interval '1 hour')`,
  );

  const run = await twin.tick();

  expect(run.output).toEqual({ claimed: 51, published: 51, failed: 0, parked: 0, batches: 1 });
  await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
});

test('a batch of 60 KB events is bounded by bytes', async () => {
  const before = await beginScenario(twin, pool, 0);
  await pool.query(
    `insert into outbox_events (aggregate_id, event_type, payload)
     select n::text, 'dish.described', jsonb_build_object('text', repeat('x', 59000)) from generate_series(1, 10) n`,
  );

  const run = await twin.tick();

  expect(run.output).toEqual({ claimed: 10, published: 10, failed: 0, parked: 0, batches: 3 });
  await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
});

test('an event that can never be published, but got in, is parked with a clear reason', async () => {
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
