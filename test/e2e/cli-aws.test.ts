import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { bundleCli, type Cli } from '../support/cli-process.ts';
import { target, useOutboxDatabase } from '../support/outbox-database.ts';

// As against AWS: names from a stack's outputs or from flags, credentials and endpoints from the environment.
const database = useOutboxDatabase();
const outputs = {
  ClusterArn: target.resourceArn,
  ProcessorSecretArn: target.secretArn,
  ProducerSecretArn: target.secretArn,
  DatabaseName: target.database,
};
const names = [
  ...['--cluster-arn', target.resourceArn],
  ...['--secret-arn', target.secretArn],
  ...['--database', target.database],
];

const cloudFormation = createServer((request, response) => {
  request.setEncoding('utf8').on('data', (body: string) => {
    const known = body.includes('StackName=shop-outbox');
    const members = Object.entries(outputs).map(
      ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    );
    response.writeHead(known ? 200 : 400, { 'Content-Type': 'text/xml' });
    response.end(
      known
        ? `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>shop-outbox</StackName><Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`
        : '<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id outbox does not exist</Message></Error></ErrorResponse>',
    );
  });
});

let cli: Cli;
let env: NodeJS.ProcessEnv;
let folder: string;

beforeAll(async () => {
  cloudFormation.listen(0, '127.0.0.1');
  await once(cloudFormation, 'listening');
  folder = await mkdtemp(join(tmpdir(), 'outbox-cli-'));
  cli = await bundleCli();
  const rdsData = await database.client.config.endpoint?.();
  env = {
    PATH: process.env['PATH'],
    HOME: folder,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'y',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL_CLOUDFORMATION: `http://127.0.0.1:${(cloudFormation.address() as AddressInfo).port}`,
    AWS_ENDPOINT_URL_RDS_DATA: `http://127.0.0.1:${rdsData?.port}`,
  };
}, 60_000);

afterAll(async () => {
  cloudFormation.close();
  await cli?.remove();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => database.sql('delete from outbox_events'));

const line = (n: number) =>
  JSON.stringify({ aggregateId: String(n % 7), eventType: 'dish.rated', payload: { n } });
const linesWith = (count: number, bad: Readonly<Record<number, string>> = {}) =>
  Array.from({ length: count }, (_, index) => bad[index + 1] ?? line(index + 1)).join('\n');
const written = async () =>
  (await database.sql<{ n: number }>('select count(*)::int as n from outbox_events'))[0]?.n;
const file = async (name: string, text: string) => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};

describe('enqueue', () => {
  test('5,000 lines from a pipe, in their order', async () => {
    const { exitCode, stdout, stderr } = await cli.run(['enqueue', '--stack', 'shop-outbox', '--json'], {
      stdin: linesWith(5_000),
      env,
    });

    const { enqueued, eventIds } = JSON.parse(stdout) as { enqueued: number; eventIds: string[] };
    expect([exitCode, enqueued, new Set(eventIds).size, stderr]).toEqual([0, 5_000, 5_000, '']);
    const rows = await database.sql<{ id: string; n: string }>(
      `select id, payload->>'n' as n from outbox_events order by sequence`,
    );
    expect(rows.map(({ id }) => id)).toEqual(eventIds);
    expect(rows.map(({ n }) => Number(n))).toEqual(Array.from({ length: 5_000 }, (_, index) => index + 1));
  });

  test('a file in a terminal, with a progress bar', async () => {
    const path = await file('many.jsonl', linesWith(3_000));

    const { exitCode, stdout } = await cli.startInTerminal(['enqueue', '--file', path, ...names], 120, env)
      .ended;

    expect(stdout).toMatch(/100 % +3000 of 3000 events/);
    expect(stdout).toContain('enqueued 3000 events');
    expect([exitCode, await written()]).toEqual([0, 3_000]);
  });

  test('one event in a JSON file, its numbers as they were written', async () => {
    const path = await file(
      'one.json',
      '{\n "aggregateId": "7", "eventType": "a", "payload": {"n": 9007199254740993},\n "dueAt": "2030-01-01T00:00:00Z"}',
    );

    const { exitCode } = await cli.run(['enqueue', '--file', path, ...names], { env });

    const rows = await database.sql(
      `select cast(payload as text) as payload, due_at = ready_at as delayed, due_at from outbox_events`,
    );
    expect(exitCode).toBe(0);
    expect(rows).toEqual([
      { payload: '{"n": 9007199254740993}', delayed: true, due_at: new Date('2030-01-01T00:00:00Z') },
    ]);
  });

  test.each([
    [
      'what is no JSON',
      99_997,
      '{"aggregateId": "7", ',
      /^error line 99997: not JSON: [^\n]+; nothing was enqueued\n$/,
    ],
    [
      'an unknown key',
      3,
      '{"aggregateId":"7","eventTyp":"a","payload":{}}',
      /^error line 3: .*"eventTyp".*\n$/,
    ],
    [
      'a payload that is a list',
      2,
      '{"aggregateId":"7","eventType":"a","payload":[]}',
      /^error line 2: payload: /,
    ],
  ])('a line with %s: its number, the reason, and nothing is inserted', async (_, number, bad, message) => {
    const path = await file('bad.jsonl', linesWith(100_000, { [number]: bad }));

    const { exitCode, stdout, stderr } = await cli.run(['enqueue', '--file', path, ...names], { env });

    expect(stderr).toMatch(message);
    expect([exitCode, stdout, await written()]).toEqual([2, '', 0]);
  });

  test('a line that only the table refuses is found too', async () => {
    const huge = '{"aggregateId":"7","eventType":"a","payload":{"n":9223372036854775808}}';

    const { exitCode, stderr } = await cli.run(['enqueue', ...names], {
      stdin: linesWith(1_200, { 777: huge }),
      env,
    });

    expect(stderr).toMatch(/^error line 777: .*payload_integers_fit_int64.*; nothing was enqueued\n$/);
    expect([exitCode, await written()]).toEqual([1, 0]);
  });
});

describe('bad input is one sentence and an exit code', () => {
  test.each<[string, string[], Partial<NodeJS.ProcessEnv>, number, RegExp]>([
    ['an unknown command', ['lst'], {}, 2, /unknown command 'lst'/],
    ['an unknown flag', ['list', '--bogus'], {}, 2, /unknown option '--bogus'/],
    ['a malformed id', ['show', '7'], {}, 2, /expected an event id/],
    ['a malformed time', ['redrive', '--failed-after', 'yesterday'], {}, 2, /expected a time/],
    ['a redrive without a condition', ['redrive'], {}, 2, /the filter is empty/],
    ['a name that nobody gave', ['run', ...names], {}, 2, /needs processorArn: give --processor-arn/],
    ['a file that is not there', ['enqueue', '--file', '/nowhere.jsonl', ...names], {}, 2, /cannot be read/],
    [
      'a twin that does not run',
      ['status', '--local', 'http://127.0.0.1:1'],
      {},
      3,
      /the twin at http:.* does not answer/,
    ],
    [
      'the same by environment',
      ['list'],
      { AWS_ENDPOINT_URL: 'http://localhost:1' },
      3,
      /the twin at http:.* does not answer/,
    ],
    [
      'an endpoint that does not answer',
      ['list', ...names],
      { AWS_ENDPOINT_URL_RDS_DATA: 'http://127.0.0.1:1' },
      3,
      /AWS does not answer/,
    ],
    ['no credentials', ['list'], { AWS_ACCESS_KEY_ID: undefined }, 3, /no AWS credentials were found/],
    ['no region', ['list'], { AWS_REGION: undefined }, 3, /no AWS region is set/],
    [
      'a stack that does not exist',
      ['status'],
      {},
      3,
      /Stack with id outbox does not exist: give the right --stack/,
    ],
    [
      'an event that does not exist',
      ['show', '6c84fb90-12c4-41e1-840d-7b25c5ee775a', ...names],
      {},
      1,
      /there is no event/,
    ],
  ])('%s', async (_, parameters, changes, expected, sentence) => {
    const { exitCode, stdout, stderr } = await cli.run(parameters, { env: { ...env, ...changes } });

    expect(stderr).toMatch(/^error [^\n]+\n$/);
    expect(stderr).toMatch(sentence);
    expect([exitCode, stdout]).toEqual([expected, '']);
  });

  test('every command has help with examples and the exit codes', async () => {
    const commands = ['status', 'list', 'show', 'run', 'redrive', 'enqueue', 'purge', 'tail', 'doctor'];
    for (const command of commands) {
      const { exitCode, stdout } = await cli.run([command, '--help'], { env });
      expect([command, exitCode]).toEqual([command, 0]);
      expect(stdout).toMatch(/Examples:\n {2}\$ npm run outbox -- [\s\S]*Exit codes:/);
    }
  });
});
