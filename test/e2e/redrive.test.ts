import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  RedriveExecutionCommand,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { eventually } from '../support/eventually.ts';
import { beginScenario } from '../support/outbox-scenario.ts';
import type { Execution, TwinProcess } from '../support/twin-process.ts';
import { useTwin } from '../support/use-twin.ts';

let twin: TwinProcess;
let pool: pg.Pool;
let stepFunctions: SFNClient;
let run: Execution;

const rejectRemovals = {
  service: 'events',
  kind: 'entry-error',
  code: 'MalformedDetail',
  match: { detailType: 'dish.removed' },
} as const;

useTwin((underTest) => {
  ({ twin, pool, stepFunctions } = underTest);
});

/** 100 events, of which 10 failed for good in a run. */
beforeEach(async () => {
  await beginScenario(twin, pool, 100);
  await twin.setFaults([rejectRemovals]);
  run = await twin.tick();
  await twin.setFaults([]);
});

const start = async (request: unknown, machine = 'outbox-redrive') => {
  const stateMachineArn = twin.health.stateMachines[machine];
  const input = JSON.stringify(request);
  const { executionArn = '' } = await stepFunctions.send(
    new StartExecutionCommand({ stateMachineArn, input }),
  );
  return executionArn;
};

const ended = (executionArn: string) =>
  eventually(async () => {
    const execution = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
    return (
      execution.status !== 'RUNNING' && {
        ...execution,
        output: JSON.parse(execution.output ?? 'null') as unknown,
      }
    );
  });

const redrive = async (request: unknown) => ended(await start(request));

const counts = async () =>
  (await pool.query('select status, redrives, count(*)::int from outbox_events group by 1, 2 order by 1, 2'))
    .rows;

const untouched = [
  { status: 'FAILED', redrives: 0, count: 10 },
  { status: 'PROCESSED', redrives: 0, count: 90 },
];
const allRedriven = [
  { status: 'PROCESSED', redrives: 0, count: 90 },
  { status: 'PROCESSED', redrives: 1, count: 10 },
];

test('redriven events are published with their old ids and new attempts', async () => {
  const failures = await pool.query<{ id: string }>(`select id from outbox_events where status = 'FAILED'`);

  const { status, output } = await redrive({ executionArn: run.executionArn });

  expect(status).toBe('SUCCEEDED');
  expect(output).toMatchObject({ processed: 10, unfinished: 0, failedAgain: 0 });
  expect(await counts()).toEqual(allRedriven);
  const published = (await twin.busEvents()).map(
    ({ Detail }) => (JSON.parse(Detail) as { eventId: string }).eventId,
  );
  for (const { id } of failures.rows) expect(published.filter((eventId) => eventId === id)).toHaveLength(1);
  const { rows } = await pool.query('select max(attempts) as attempts from outbox_events where redrives = 1');
  expect(rows).toEqual([{ attempts: 1 }]);
});

describe('filter of a redrive', () => {
  test.each([
    ['everything', { all: true }, 10],
    ['an event type', { eventType: 'dish.removed' }, 10],
    ['another event type', { eventType: 'dish.rated' }, 0],
    ['an error type', { errorType: 'MalformedDetail' }, 10],
    ['an aggregate', { aggregateId: '3' }, 2],
    ['a time before the failure', { failedBefore: '2020-01-01T00:00:00Z' }, 0],
    [
      'a time after the failure limit',
      { failedAfter: '2020-01-01T00:00:00Z', errorType: 'MalformedDetail' },
      10,
    ],
    ['a limit', { all: true, limit: 4 }, 4],
  ])('a redrive takes exactly the events of its filter: %s', async (_, request, taken) => {
    const dryRun = await redrive({ ...request, dryRun: true });
    expect(dryRun.output).toMatchObject({ dryRun: true, events: taken });
    expect(await counts()).toEqual(untouched);

    await redrive(request);

    const { rows } = await pool.query('select count(*)::int from outbox_events where redrives = 1');
    expect(rows).toEqual([{ count: taken }]);
  });

  test('a redrive with event ids takes exactly these events', async () => {
    const { rows } = await pool.query<{ id: string }>(
      `select id from outbox_events where status = 'FAILED' limit 2`,
    );
    await redrive({ eventIds: rows.map(({ id }) => id) });
    const redriven = await pool.query<{ id: string }>('select id from outbox_events where redrives = 1');
    expect(redriven.rows.map(({ id }) => id).sort()).toEqual(rows.map(({ id }) => id).sort());
  });

  test('a redrive takes events claimed by a stopped run only when the request says that it is stopped', async () => {
    await beginScenario(twin, pool, 20);
    await twin.setFaults([
      { service: 'states', kind: 'crash', when: 'after', match: { function: 'fetch-batch' } },
    ]);
    const { executionArn } = await twin.tick();
    await twin.setFaults([]);

    const cautious = await redrive({ executionArn });
    expect(cautious.output).toMatchObject({ events: 0 });
    const sure = await redrive({ executionArn, runIsStopped: true });

    expect(sure.output).toMatchObject({ processed: 20 });
  });
});

describe('refused redrive request', () => {
  test.each([
    ['no condition', {}, 'the filter is empty'],
    ['an unknown key', { evenType: 'x' }, 'Unrecognized key: \\"evenType\\"'],
    ['a wrong type', { eventType: 7 }, 'expected string'],
    ['a malformed ARN', { executionArn: 'run 7' }, 'expected the arn of an express execution'],
    ['a malformed time', { failedAfter: 'yesterday' }, 'expected an iso 8601 time'],
    ['malformed ids', { eventIds: ['7'] }, 'expected a uuid'],
    ['all and a condition', { all: true, eventType: 'x' }, 'all: true contradicts'],
    ['a stopped run without its ARN', { all: true, runIsStopped: true }, 'give its executionArn too'],
    ['a limit of 0', { all: true, limit: 0 }, 'limit'],
  ])('a redrive request is refused before anything changes: %s', async (_, request, reason) => {
    const { status, error, cause } = await redrive(request);

    expect([status, error]).toEqual(['FAILED', 'InvalidRedriveRequest']);
    expect(cause?.replaceAll('\\\\', '\\')).toContain(reason);
    expect(await counts()).toEqual(untouched);
  });
});

describe('failure during a redrive', () => {
  test('a lost answer and a crash of the requeue function do not exceed the limit of a redrive', async () => {
    await twin.setFaults([
      { service: 'rds-data', kind: 'drop-response', match: { sql: 'requeued as' }, times: 1 },
      { service: 'lambda', kind: 'crash', when: 'after', match: { function: 'requeue-events' }, times: 1 },
    ]);

    await redrive({ all: true, limit: 3 });

    const { rows } = await pool.query('select count(*)::int from outbox_events where redrives > 0');
    expect(rows).toEqual([{ count: 3 }]);
  });

  test('a failed child execution fails its Task, and RedriveExecution runs only that Task again', async () => {
    await twin.setFaults([
      {
        service: 'rds-data',
        kind: 'error',
        code: 'AccessDeniedException',
        match: { sql: 'claim_outbox_events' },
      },
    ]);
    const executionArn = await start({ all: true });
    const failed = await ended(executionArn);
    expect([failed.status, failed.error]).toEqual(['FAILED', 'States.QueryEvaluationError']);
    expect(failed.cause).toContain('AccessDeniedException');
    await twin.setFaults([]);

    await stepFunctions.send(new RedriveExecutionCommand({ executionArn }));

    const { status, redriveCount } = await ended(executionArn);
    expect([status, redriveCount]).toEqual(['SUCCEEDED', 1]);
    expect(await counts()).toEqual(allRedriven);
    const { events = [] } = await stepFunctions.send(new GetExecutionHistoryCommand({ executionArn }));
    const entered = events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []);
    expect(entered.filter((name) => name === 'Requeue events')).toHaveLength(1);
    expect(entered.filter((name) => name === 'Run processor')).toHaveLength(2);
  });

  test('events that fail again fail the verification with the reason', async () => {
    await twin.setFaults([rejectRemovals]);

    const { status, error, cause } = await redrive({ all: true });

    expect([status, error]).toEqual(['FAILED', 'EventsFailedAgain']);
    expect(cause).toContain('10 events failed again (MalformedDetail)');
  });

  test('a successful execution and an Express execution cannot be redriven', async () => {
    const executionArn = await start({ all: true, dryRun: true });
    await ended(executionArn);

    const succeeded = stepFunctions.send(new RedriveExecutionCommand({ executionArn }));
    await expect(succeeded).rejects.toMatchObject({ name: 'ExecutionNotRedrivable' });
    const express = stepFunctions.send(new RedriveExecutionCommand({ executionArn: run.executionArn }));
    await expect(express).rejects.toMatchObject({ name: 'InvalidArn' });
  });
});

describe('a replay', () => {
  let before: number;

  beforeEach(async () => {
    before = (await twin.busEvents()).length;
  });

  const startReplay = (request: object) => start({ rate: 200, ...request }, 'outbox-replay');
  const replay = async (request: object) => ended(await startReplay(request));
  const redriven = async (executionArn: string) => {
    await stepFunctions.send(new RedriveExecutionCommand({ executionArn }));
    return ended(executionArn);
  };
  /** What the bus has accepted since the test began. */
  const accepted = async () =>
    (await twin.busEvents())
      .slice(before)
      .map(({ Detail }) => JSON.parse(Detail) as { eventId: string; replayId?: string });
  const marks = async () =>
    (
      await pool.query(
        `select status, replays, replay_id, replay_reason, count(*)::int from outbox_events
         where replays > 0 group by 1, 2, 3, 4`,
      )
    ).rows;
  const everyEventOnce = async () => {
    const ids = (await accepted()).map(({ eventId }) => eventId);
    return { events: ids.length, different: new Set(ids).size };
  };

  test('a replay publishes processed events again under their ids, with its own id, and marks the rows', async () => {
    const dryRun = await replay({ aggregateId: '3', dryRun: true });
    expect(dryRun.output).toMatchObject({ dryRun: true, events: 12, oldestProcessedAt: expect.any(String) });
    expect(await accepted()).toEqual([]);

    const { output, executionArn } = await replay({ aggregateId: '3', reason: 'search was down' });

    expect(output).toEqual({ replayed: 12 });
    expect(await everyEventOnce()).toEqual({ events: 12, different: 12 });
    for (const { replayId } of await accepted()) expect(replayId).toBe(executionArn);
    expect(await marks()).toEqual([
      {
        status: 'PROCESSED',
        replays: 1,
        replay_id: executionArn,
        replay_reason: 'search was down',
        count: 12,
      },
    ]);
    expect(await counts()).toEqual(untouched);
  });

  test('live events that are due go first, also those that were written while the replay ran', async () => {
    const insert = (id: string) =>
      pool.query(
        `insert into outbox_events (aggregate_id, event_type, payload) select $1, 'live', '{}' from generate_series(1, 30)`,
        [id],
      );
    await insert('first');
    // One entry that is refused for now ends the first batch, and its marks leave time to write.
    await twin.setFaults([
      {
        service: 'events',
        kind: 'entry-error',
        code: 'InternalFailure',
        match: { detailType: 'dish.rated' },
        times: 1,
      },
      { service: 'lambda', kind: 'latency', ms: 1_500, match: { function: 'mark-replayed' }, times: 1 },
    ]);
    const executionArn = await startReplay({ all: true });
    while (!(await accepted()).some(({ replayId }) => replayId !== undefined));
    await insert('second');

    expect((await ended(executionArn)).output).toMatchObject({ replayed: 90 });

    const order = (await accepted()).map(({ replayId }) => (replayId === undefined ? 'live' : 'replay'));
    const expected = [
      [30, 'live'],
      [9, 'replay'],
      [30, 'live'],
      [81, 'replay'],
    ] as const;
    expect(order).toEqual(expected.flatMap(([events, kind]) => Array<string>(events).fill(kind)));
  }, 60_000);

  test('when the marks fail, a redrive of the replay goes on and publishes no event twice', async () => {
    await twin.setFaults([
      {
        service: 'rds-data',
        kind: 'error',
        code: 'AccessDeniedException',
        match: { sql: 'replays = e.replays' },
      },
    ]);
    const { executionArn = '', status, error } = await replay({ all: true });
    expect([status, error]).toEqual(['FAILED', 'DatabaseRefused']);
    await twin.setFaults([]);

    expect(await redriven(executionArn)).toMatchObject({ status: 'SUCCEEDED', output: { replayed: 90 } });

    expect(await everyEventOnce()).toEqual({ events: 90, different: 90 });
    expect(await marks()).toMatchObject([{ replays: 1, count: 90 }]);
  });

  test('throttled entries and a request without an answer are sent again, and nothing else is', async () => {
    await twin.setFaults([
      { service: 'events', kind: 'entry-error', code: 'ThrottlingException', times: 7 },
      { service: 'events', operation: 'PutEvents', kind: 'error', code: 'InternalException', times: 2 },
    ]);

    expect(await replay({ all: true })).toMatchObject({ status: 'SUCCEEDED', output: { replayed: 90 } });

    expect(await everyEventOnce()).toEqual({ events: 90, different: 90 });
  }, 60_000);

  test('events that the bus refuses fail the replay with the reason and stay processed', async () => {
    await twin.setFaults([
      {
        service: 'events',
        kind: 'entry-error',
        code: 'MalformedDetail',
        match: { detailType: 'dish.rated' },
        times: 5,
      },
    ]);

    const { status, error, cause } = await replay({ all: true });

    expect([status, error]).toEqual(['FAILED', 'EventsNotReplayed']);
    expect(cause).toMatch(/^85 events were replayed, and 5 were refused and stay processed as before/);
    expect(await counts()).toEqual(untouched);
  });

  test('while the outbox is paused nothing is replayed, and a redrive goes on when it is resumed', async () => {
    await pool.query(`update outbox_installation set paused_at = now(), paused_by = 'somebody'`);
    const { executionArn = '', status, error } = await replay({ all: true, limit: 5 });
    await pool.query('update outbox_installation set paused_at = null, paused_by = null');
    expect([status, error]).toEqual(['FAILED', 'OutboxPaused']);
    expect(await accepted()).toEqual([]);

    expect(await redriven(executionArn)).toMatchObject({
      status: 'SUCCEEDED',
      output: { replayed: 5, limitReached: true },
    });
  });

  test('a replay with an unclear request is refused before anything is published', async () => {
    const { status, error, cause } = await replay({ source: 'outbox' });

    expect([status, error]).toEqual(['FAILED', 'InvalidReplayRequest']);
    expect(cause).toContain('Unrecognized key');
    expect(await accepted()).toEqual([]);
  });
});
