import { type SFNClient, StartSyncExecutionCommand } from '@aws-sdk/client-sfn';
import { beforeEach, expect, test } from '@jest/globals';
import type pg from 'pg';
import type { TwinProcess } from '../support/twin-process.ts';
import { useTwin } from '../support/use-twin.ts';

let twin: TwinProcess;
let pool: pg.Pool;
let stepFunctions: SFNClient;

useTwin((underTest) => {
  ({ twin, pool, stepFunctions } = underTest);
});

/** 3,500 processed events past their retention, and events that must be kept. */
beforeEach(async () => {
  await twin.setFaults([]);
  await pool.query('delete from outbox_events');
  await pool.query(
    `insert into outbox_events (aggregate_id, event_type, payload, status, due_at, processed_at)
     select n::text, 'old', '{}', 'PROCESSED', null, now() - interval '8 days' from generate_series(1, 3500) n`,
  );
  await pool.query(
    `insert into outbox_events (aggregate_id, event_type, payload, status, due_at, processed_at, failed_at, created_at)
     values ('1', 'young', '{}', 'PROCESSED', null, now() - interval '6 days', null, now() - interval '6 days'),
            ('2', 'failed', '{}', 'FAILED', null, null, now() - interval '90 days', now() - interval '90 days'),
            ('3', 'delayed', '{}', 'PENDING', now() + interval '1 day', null, null, now() - interval '90 days')`,
  );
});

const cleanUp = async () => {
  const stateMachineArn = twin.health.stateMachines['outbox-cleanup'];
  const { status, output } = await stepFunctions.send(new StartSyncExecutionCommand({ stateMachineArn }));
  return { status, output: JSON.parse(output ?? 'null') as unknown };
};

const left = async () =>
  (
    await pool.query<{ event_type: string }>('select event_type from outbox_events order by event_type')
  ).rows.map(({ event_type }) => event_type);

test('processed events past their retention are purged, and all other events are kept', async () => {
  expect(await cleanUp()).toEqual({
    status: 'SUCCEEDED',
    output: { purged: 3500, more: false, overdueSeconds: 0 },
  });
  expect(await left()).toEqual(['delayed', 'failed', 'young']);
});

test('a purge with lost answers and a crash deletes the same events; only the count is too low', async () => {
  await twin.setFaults([
    { service: 'rds-data', kind: 'drop-response', match: { sql: 'delete from outbox_events' }, times: 1 },
    { service: 'lambda', kind: 'crash', when: 'after', match: { function: 'purge-events' }, times: 1 },
  ]);

  const { status } = await cleanUp();

  expect(status).toBe('SUCCEEDED');
  expect(await left()).toEqual(['delayed', 'failed', 'young']);
});
