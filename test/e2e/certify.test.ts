import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { eventually } from '../support/eventually.ts';
import type { TwinProcess } from '../support/twin-process.ts';
import { useTwin } from '../support/use-twin.ts';

// As against an account: the outputs of a stack, and credentials and endpoints from the environment.
let twin: TwinProcess;
let pool: pg.Pool;
useTwin((underTest) => {
  ({ twin, pool } = underTest);
});

const cloudFormation = createServer(async (request, response) => {
  const body = await text(request);
  const outputs = body.includes('StackName=shop-outbox')
    ? outputsOf(twin)
    : { WebsiteUrl: 'https://shop.example' };
  const members = Object.entries(outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  response.writeHead(200, { 'Content-Type': 'text/xml' });
  response.end(
    `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
  );
});

function outputsOf({ health }: TwinProcess): Readonly<Record<string, unknown>> {
  const { stateMachines, clusterArn, database, eventBusName, ...secrets } = health as typeof health &
    Record<'processorSecretArn' | 'producerSecretArn' | 'operatorSecretArn', string>;
  return {
    ClusterArn: clusterArn,
    DatabaseName: database,
    EventBusName: eventBusName,
    ProcessorSecretArn: secrets.processorSecretArn,
    ProducerSecretArn: secrets.producerSecretArn,
    OperatorSecretArn: secrets.operatorSecretArn,
    ProcessorArn: stateMachines['outbox-processor'],
    RedriveArn: stateMachines['outbox-redrive'],
    ReplayArn: stateMachines['outbox-replay'],
    CleanupArn: stateMachines['outbox-cleanup'],
  };
}

let reports: string;
beforeAll(async () => {
  cloudFormation.listen(0, '127.0.0.1');
  await once(cloudFormation, 'listening');
  reports = await mkdtemp(join(tmpdir(), 'outbox-reports-'));
});
afterEach(() => twin.setFaults([]));
afterAll(async () => {
  cloudFormation.close();
  await rm(reports, { recursive: true, force: true });
});

function start(...parameters: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'certify/main.ts', ...parameters], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      NO_COLOR: '1',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'y',
      AWS_ENDPOINT_URL: twin.url,
      AWS_ENDPOINT_URL_CLOUDFORMATION: `http://127.0.0.1:${(cloudFormation.address() as AddressInfo).port}`,
    },
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return {
    child,
    ended: ended.then(([stdout, stderr, [exitCode]]) => ({ stdout, stderr, exitCode: exitCode as number })),
  };
}

const certify = (...parameters: string[]) =>
  start('--stack', 'shop-outbox', '--report', reports, ...parameters).ended;
const rowsLeft = async () => (await pool.query('select id from outbox_events')).rows;

test('a bus that refuses an entry and a redrive that cannot start are differences, with exit code 1', async () => {
  await twin.setFaults([
    {
      service: 'events',
      kind: 'entry-error',
      code: 'InternalFailure',
      match: { detailType: 'outbox.certify' },
    },
    { service: 'states', operation: 'StartExecution', kind: 'error', code: 'StateMachineDeleting' },
  ]);

  const { exitCode, stdout } = await certify('--only', 'transactions,partial-failure,retry');

  expect(stdout).toMatch(/^same +transactions .*\ndiffers +partial-failure /m);
  expect(stdout).toContain(' good: expected "EventId", observed "InternalFailure"\n');
  expect(stdout).toMatch(/^differs +retry .*\n +error: expected none, observed StateMachineDeleting: /m);
  expect(stdout).toContain('\n1 same, 2 differs, 0 skipped\n');
  expect([exitCode, await rowsLeft()]).toEqual([1, []]);
});

test('a partial run without differences reports what is the same and ends with exit code 4', async () => {
  const { exitCode, stdout } = await certify('--only', 'transactions,partial-failure,retry,publish');

  expect(stdout).toMatch(/^skipped +publish +others may notice it: give --disturb$/m);
  expect(stdout).toContain('\n3 same, 0 differs, 1 skipped\n');
  expect([exitCode, await rowsLeft()]).toEqual([4, []]);
  const [, path = ''] = /^report: (.+)$/m.exec(stdout) ?? [];
  const report = await readFile(path, 'utf8');
  expect(report).toContain(`| endpoint | ${twin.url}, so this is no observation of AWS |`);
  expect(await readdir(reports)).toContain(path.replace(/^.*\//, '').replace('.md', '.json'));
});

test('an interrupted run removes the event that it is writing', async () => {
  const latency = { service: 'rds-data', kind: 'latency', ms: 3_000, match: { sql: 'insert into' } } as const;
  await twin.setFaults([latency]);
  const { child, ended } = start('--stack', 'shop-outbox', '--report', reports, '--only', 'retry');
  await eventually(async () => (await twin.faultsFired())[0] !== 0);

  child.kill('SIGINT');

  const { exitCode, stderr } = await ended;
  expect(stderr).toContain('ending: what was made is removed first');
  expect([exitCode, await rowsLeft()]).toEqual([130, []]);
});

test('a stack that is no outbox is refused with the outputs that it lacks', async () => {
  const { exitCode, stdout, stderr } = await start('--stack', 'website').ended;

  expect(stderr).toMatch(/^error the stack website is no outbox: it has no output ClusterArn, [^\n]+\n$/);
  expect([exitCode, stdout]).toEqual([2, '']);
});
