import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../support/eventually.ts';
import { beginScenario, expectNothingLost } from '../support/outbox-scenario.ts';
import { revokeGrant } from '../support/revoke-grant.ts';
import { shared } from '../support/shared.ts';
import { type Execution, type TwinProcess, temporaryDataDir } from '../support/twin-process.ts';
import { startIdleTwin } from '../support/use-twin.ts';

let assembly: string;
let template: string;
let data: Awaited<ReturnType<typeof temporaryDataDir>>;
let twin: TwinProcess;
let pool: pg.Pool;

beforeAll(async () => {
  data = await temporaryDataDir();
  assembly = await mkdtemp(join(tmpdir(), 'outbox-assembly-'));
  await cp(await shared('assembly'), assembly, { recursive: true });
  template = await readFile(join(assembly, 'outbox.template.json'), 'utf8');
});

afterEach(async () => {
  await pool?.end();
  // Killed, because some of these runs would retry for a minute.
  await twin?.kill();
});
afterAll(async () => {
  await data?.remove();
  if (assembly !== undefined) await rm(assembly, { recursive: true, force: true });
});

/** Runs this template with an outbox of 20 due events; returns how many events the bus had accepted before. */
async function run(changedTemplate: string): Promise<number> {
  await writeFile(join(assembly, 'outbox.template.json'), changedTemplate);
  twin = await startIdleTwin('--assembly', assembly, '--data-dir', data.dataDir);
  pool = new pg.Pool({ connectionString: twin.health.postgresUrl });
  pool.on('error', () => undefined); // the server ends with the twin
  return beginScenario(twin, pool, 20);
}

const rows = async () =>
  (
    await pool.query(
      `select status, attempts, last_error_type as "errorType", count(*)::int from outbox_events group by 1, 2, 3`,
    )
  ).rows;

/** The message of AWS, with any role name. */
const refusal = (action: string, resource: string) =>
  expect.stringMatching(
    new RegExp(
      `User: arn:aws:sts::000000000000:assumed-role/\\S+ is not authorized to perform: ${action} ` +
        `on resource: ${resource} because no identity-based policy allows the ${action} action`,
    ),
  );

test('the permissions in the template are sufficient for a run', async () => {
  const before = await run(template);

  const { status, output } = await twin.tick();

  expect([status, output]).toEqual(['SUCCEEDED', expect.objectContaining({ claimed: 20, published: 20 })]);
  await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
});

test('a run without events:PutEvents gives every event back, as during an outage', async () => {
  const before = await run(revokeGrant(template, 'events:PutEvents'));

  const { status, output } = await twin.tick();

  expect([status, output]).toEqual([
    'SUCCEEDED',
    expect.objectContaining({ claimed: 20, published: 0, failed: 20, failedForGood: 0 }),
  ]);
  expect(await rows()).toEqual([
    { status: 'PENDING', attempts: 0, errorType: 'AccessDeniedException', count: 20 },
  ]);
  // The definition keeps the beginning of a failure's cause.
  const { rows: reasons } = await pool.query<{ reason: string }>(
    'select distinct last_error as reason from outbox_events',
  );
  expect(reasons).toEqual([
    { reason: expect.stringContaining('is not authorized to perform: events:PutEvents on resource: arn:') },
  ]);
  expect(await twin.busEvents()).toHaveLength(before);
});

test('a run without events:DescribeEventBus cannot check the bus but publishes', async () => {
  const before = await run(revokeGrant(template, 'events:DescribeEventBus', 'outbox-fetch-batch'));

  const { status, output } = await twin.tick();

  expect([status, output]).toEqual(['SUCCEEDED', expect.objectContaining({ claimed: 20, published: 20 })]);
  await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
});

test('a run fails after publishing when mark-processed lacks rds-data:ExecuteStatement', async () => {
  const before = await run(revokeGrant(template, 'rds-data:ExecuteStatement', 'outbox-mark-processed'));

  const { status, cause } = await twin.tick();

  expect(status).toBe('FAILED');
  expect(cause).toContain('Mark processed: DatabaseRefused');
  expect(cause).toEqual(refusal('rds-data:ExecuteStatement', twin.health.clusterArn));
  expect(await twin.busEvents()).toHaveLength(before + 20);
  // Their lease expires, and then they are published again.
  expect(await rows()).toEqual([{ status: 'PROCESSING', attempts: 1, errorType: null, count: 20 }]);
});

test('the Data API refuses a function that lacks secretsmanager:GetSecretValue', async () => {
  await run(revokeGrant(template, 'secretsmanager:GetSecretValue', 'outbox-fetch-batch'));

  const { status, cause } = await twin.tick();

  expect(status).toBe('FAILED');
  expect(cause).toEqual(refusal('secretsmanager:GetSecretValue', 'arn:aws:secretsmanager:\\S+'));
  expect(await rows()).toEqual([{ status: 'PENDING', attempts: 0, errorType: null, count: 20 }]);
});

test('the state machine without lambda:InvokeFunction cannot take its first step', async () => {
  await run(revokeGrant(template, 'lambda:InvokeFunction'));
  const start = await fetch(`${twin.url}/_local/tick`, { method: 'POST' });
  const { executionArn } = (await start.json()) as Execution;

  const failure = await firstTaskFailure(executionArn);

  expect(failure).toEqual({
    resourceType: 'lambda',
    resource: 'invoke',
    error: 'Lambda.AWSLambdaException',
    cause: refusal('lambda:InvokeFunction', `${twin.health.functions['fetch-batch']}:1`),
  });
  expect(await rows()).toEqual([{ status: 'PENDING', attempts: 0, errorType: null, count: 20 }]);
});

test('a tick without states:StartExecution starts nothing and gives the reason', async () => {
  await run(revokeGrant(template, 'states:StartExecution'));

  const tick = await fetch(`${twin.url}/_local/tick?wait=true`, { method: 'POST' });

  expect([tick.status, await tick.json()]).toEqual([
    403,
    {
      __type: 'AccessDeniedException',
      message: refusal('states:StartExecution', twin.health.stateMachines['outbox-processor'] ?? ''),
    },
  ]);
  expect(await twin.get('/_local/executions')).toEqual([]);
});

function firstTaskFailure(executionArn: string): Promise<unknown> {
  return eventually(async () => {
    const { history } = await twin.get<{ history: { taskFailedEventDetails?: object }[] }>(
      `/_local/executions/${encodeURIComponent(executionArn)}`,
    );
    return history.find(({ taskFailedEventDetails }) => taskFailedEventDetails !== undefined)
      ?.taskFailedEventDetails;
  });
}
