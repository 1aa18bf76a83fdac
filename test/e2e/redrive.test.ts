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

const start = async (request: unknown) => {
  const stateMachineArn = twin.health.stateMachines['outbox-redrive'];
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
