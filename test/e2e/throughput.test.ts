import { type SFNClient, StartSyncExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { eventually } from '../support/eventually.ts';
import { beginScenario, expectNothingLost, settle } from '../support/outbox-scenario.ts';
import type { Execution, TwinProcess } from '../support/twin-process.ts';
import { useTwin } from '../support/use-twin.ts';

/** Flags for a stack with this configuration. */
const context = (...settings: string[]) => settings.flatMap((setting) => ['-c', `outbox:${setting}`]);

describe('ten events per request', () => {
  let twin: TwinProcess;
  let pool: pg.Pool;
  useTwin(
    (underTest) => {
      ({ twin, pool } = underTest);
    },
    ...context('publishChunkSize=10'),
  );

  test('accepted entries of a request are not sent again, and only the failed ones are given back', async () => {
    const before = await beginScenario(twin, pool, 200);
    await twin.setFaults([
      {
        service: 'events',
        kind: 'entry-error',
        code: 'MalformedDetail',
        match: { detailType: 'dish.removed' },
      },
      { service: 'events', kind: 'entry-error', code: 'InternalFailure', times: 7 },
      // Counts the requests.
      { service: 'events', operation: 'PutEvents', kind: 'latency', ms: 0 },
    ]);

    const run = await twin.tick();

    expect(run.output).toEqual({ claimed: 200, published: 173, failed: 27, failedForGood: 20, batches: 1 });
    expect(await twin.faultsFired()).toEqual([20, 7, 20]);
    await settle(twin, pool);
    const { rows } = await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
    expect(rows.filter(({ status }) => status === 'FAILED')).toHaveLength(20);
  });

  test('the events of a refused request are sent one by one and all published', async () => {
    const before = await beginScenario(twin, pool, 30);
    await twin.setFaults([
      { service: 'events', operation: 'PutEvents', kind: 'error', code: 'ValidationException', times: 1 },
    ]);

    const run = await twin.tick();

    expect(run.output).toEqual({ claimed: 30, published: 30, failed: 0, failedForGood: 0, batches: 1 });
    await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
  });

  test('a lost answer duplicates at most the ten events of its request', async () => {
    const before = await beginScenario(twin, pool, 100);
    await twin.setFaults([{ service: 'events', operation: 'PutEvents', kind: 'drop-response', times: 1 }]);

    await twin.tick();

    await settle(twin, pool);
    await expectNothingLost(twin, pool, before, { atMostDuplicates: 10 });
  });

  test('an event of 900 KB has a request of its own', async () => {
    const before = await beginScenario(twin, pool, 19);
    await pool.query(
      `insert into outbox_events (aggregate_id, event_type, payload)
       values ('large', 'dish.drawn', jsonb_build_object('image', repeat('x', 900000)))`,
    );

    const run = await twin.tick();

    expect(run.output).toMatchObject({ claimed: 20, published: 20, failed: 0 });
    await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
  });
});

describe('two lanes that linger', () => {
  let twin: TwinProcess;
  let pool: pg.Pool;
  let stepFunctions: SFNClient;
  useTwin(
    (underTest) => {
      ({ twin, pool, stepFunctions } = underTest);
    },
    ...context('lanes=2', 'lingerSeconds=4', 'pollIntervalSeconds=1'),
  );

  test('two lanes share a backlog without publishing an event twice', async () => {
    const before = await beginScenario(twin, pool, 700);

    // Leases are not expired here, because the other lane may be at work.
    do await twin.tick();
    while ((await pool.query('select from outbox_events where due_at is not null limit 1')).rowCount);

    const [first, second] = (await twin.get<Execution[]>('/_local/executions')).slice(-2);
    expect(first?.executionArn).not.toBe(second?.executionArn);
    const { accepted } = await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
    expect(accepted.size).toBe(700);
  });

  test('a lingering run publishes an event that is written during its wait, without another tick', async () => {
    const before = await beginScenario(twin, pool, 0);
    const stateMachineArn = twin.health.stateMachines['outbox-processor'];
    const run = stepFunctions.send(new StartSyncExecutionCommand({ stateMachineArn }));
    await waiting(twin);

    await pool.query(
      `insert into outbox_events (aggregate_id, event_type, payload) values ('7', 'dish.rated', '{}')`,
    );

    expect(JSON.parse((await run).output ?? '')).toMatchObject({ claimed: 1, published: 1 });
    const { accepted } = await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
    expect(accepted.size).toBe(1);
  });

  test('a run started with lingerSeconds 0 does not wait', async () => {
    const stateMachineArn = twin.health.stateMachines['outbox-processor'];

    const { executionArn } = await stepFunctions.send(
      new StartSyncExecutionCommand({ stateMachineArn, input: '{"lingerSeconds": 0}' }),
    );

    const { history } = await execution(twin, executionArn);
    expect(history?.map(({ type }) => type)).not.toContain('WaitStateEntered');
  });
});

const execution = (twin: TwinProcess, arn = '') =>
  twin.get<Execution>(`/_local/executions/${encodeURIComponent(arn)}`);

/** Resolves when a run waits for events. */
async function waiting(twin: TwinProcess): Promise<void> {
  await eventually(async () => {
    const running = (await twin.get<Execution[]>('/_local/executions')).filter(
      ({ status }) => status === 'RUNNING',
    );
    for (const { executionArn } of running) {
      const { history } = await execution(twin, executionArn);
      if (history?.at(-1)?.type === 'WaitStateEntered') return true;
    }
    return false;
  });
}
