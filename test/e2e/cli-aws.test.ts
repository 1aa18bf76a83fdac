import { EventEmitter, once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import measure from 'fast-string-truncated-width';
import { createDataApi } from '../../outbox/data-api.ts';
import { redriveProgress } from '../../outbox/redrive-progress.ts';
import { AwsError } from '../../twin/http/aws-error.ts';
import { createRdsData } from '../../twin/services/rds-data/rds-data.ts';
import { bundleCli, type Cli } from '../support/cli-process.ts';
import { clientOptions, startLocalAws } from '../support/local-aws.ts';
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

const enqueued = ['--aggregate', '7', '--type', 'a', '--payload', '{}'];
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
  test('enqueue writes 5,000 lines from a pipe in their order', async () => {
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

  test('enqueue writes a file with a progress bar when it runs in a terminal', async () => {
    const path = await file('many.jsonl', linesWith(3_000));

    const { exitCode, stdout } = await cli.startInTerminal(['enqueue', '--file', path, ...names], 120, env)
      .ended;

    expect(stdout).toMatch(/100 % +3000 of 3000 events/);
    expect(stdout).toContain('enqueued 3000 events');
    expect([exitCode, await written()]).toEqual([0, 3_000]);
  });

  test('enqueue writes one event from a JSON file and keeps its numbers as they are', async () => {
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
      'a text that is not JSON',
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
  ])(
    'enqueue reports the number of a line with %s and the reason, and inserts nothing',
    async (_, number, bad, message) => {
      const path = await file('bad.jsonl', linesWith(100_000, { [number]: bad }));

      const { exitCode, stdout, stderr } = await cli.run(['enqueue', '--file', path, ...names], { env });

      expect(stderr).toMatch(message);
      expect([exitCode, stdout, await written()]).toEqual([2, '', 0]);
    },
  );

  test('enqueue also reports a line that only the table refuses', async () => {
    const huge = '{"aggregateId":"7","eventType":"a","payload":{"n":9223372036854775808}}';

    const { exitCode, stderr } = await cli.run(['enqueue', ...names], {
      stdin: linesWith(1_200, { 777: huge }),
      env,
    });

    expect(stderr).toMatch(/^error line 777: .*payload_integers_fit_int64.*; nothing was enqueued\n$/);
    expect([exitCode, await written()]).toEqual([1, 0]);
  });
});

describe('result larger than the limits of the Data API', () => {
  /** 500 failed events with texts of three bytes per character. */
  const insertWide = () =>
    database.sql(`
      insert into outbox_events (aggregate_type, aggregate_id, event_type, payload, status, due_at, failed_at,
        last_error_type, last_error)
      select repeat('注', 200), repeat('文', 200) || i, repeat('型', 128), '{}', 'FAILED', null,
        now() - interval '1 minute' + i * interval '1 millisecond', 'MalformedDetail', repeat('誤', 300)
      from generate_series(1, 500) i`);

  test('list shows a result larger than the limits of the Data API completely, newest first', async () => {
    await insertWide();

    const { exitCode, stdout } = await cli.run(['list', '--limit', '500', '--json', ...names], { env });

    const { events } = JSON.parse(stdout) as { events: { aggregateId: string; error: string }[] };
    expect(events.map(({ aggregateId }) => Number(aggregateId.replace(/文/g, '')))).toEqual(
      Array.from({ length: 500 }, (_, index) => 500 - index),
    );
    expect([exitCode, events[0]?.error]).toEqual([0, '誤'.repeat(300)]);
  });

  test('tail shows a result larger than the limits of the Data API completely, each outcome once', async () => {
    await insertWide();
    const tail = cli.start(['tail', '--since', '3600', '--json', ...names], env);
    await tail.shows('文500"');
    tail.stop();

    const { stdout } = await tail.ended;

    const ids = stdout
      .trim()
      .split('\n')
      .map((json) => (JSON.parse(json) as { aggregateId: string }).aggregateId.replace(/文/g, ''));
    expect(ids.map(Number)).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
  });

  test('show prints a row of more than a megabyte completely', async () => {
    const [row] = await database.sql<{ id: string }>(`
      insert into outbox_events (aggregate_id, event_type, payload, status, due_at, failed_at, last_error)
      values (repeat('文', 300000), 'a', '{"n": 1}', 'FAILED', null, now(), repeat('誤', 400000)) returning id`);

    const { exitCode, stdout } = await cli.run(['show', row?.id ?? '', '--json', ...names], { env });

    const { aggregate_id, last_error, detail } = JSON.parse(stdout) as Record<string, unknown>;
    expect(exitCode).toBe(0);
    expect(aggregate_id === '文'.repeat(300_000) && last_error === '誤'.repeat(400_000)).toBe(true);
    expect(detail).toMatchObject({ n: 1, aggregateId: aggregate_id });
  });

  test('the progress of a redrive has at most fifty error types, each truncated', async () => {
    await database.sql(`
      insert into outbox_events (aggregate_id, event_type, payload, status, due_at, failed_at, redrive_id, last_error_type)
      select '7', 'a', '{}', 'FAILED', null, now(), 'the redrive', i || repeat('x', 3000) from generate_series(1, 500) i`);

    const { failedAgain, errorTypes } = await redriveProgress(database.dataApi, 'the redrive');

    expect([failedAgain, errorTypes.length, errorTypes[0]]).toEqual([500, 50, `100${'x'.repeat(197)}`]);
  });

  test('list and tail end a truncated text with an ellipsis', async () => {
    await database.sql(`
      insert into outbox_events (aggregate_id, event_type, payload, status, due_at, failed_at, last_error)
      values (repeat('x', 4001), 'a', '{}', 'FAILED', null, now() - interval '10 seconds', repeat('y', 100000))`);
    const ended = { aggregateId: `${'x'.repeat(3_999)}…`, error: `${'y'.repeat(3_999)}…` };

    const { stdout } = await cli.run(['list', '--json', ...names], { env });
    const tail = cli.start(['tail', '--since', '60', '--json', ...names], env);
    await tail.shows(/\}\n/);
    tail.stop();

    expect(JSON.parse(stdout).events).toMatchObject([ended]);
    expect(JSON.parse((await tail.ended).stdout)).toMatchObject(ended);
  });
});

describe('text outside ASCII', () => {
  const aggregate = '注文番号四二三九一';

  test('text outside ASCII is complete in a pipe, and its columns are aligned in a terminal', async () => {
    await database.sql(
      `insert into outbox_events (id, aggregate_id, event_type, payload, status, due_at, failed_at, last_error)
       values ($3, $1, '型', '{}', 'FAILED', null, now(), $2), ($4, '7', 'ascii', '{}', 'FAILED', null, now(), 'short')`,
      [aggregate, '誤'.repeat(200), ...['a', 'b'].map((end) => `00000000-0000-7000-8000-00000000000${end}`)],
    );

    const piped = await cli.run(['list', ...names], { env });
    const { stdout } = await cli.startInTerminal(['list', ...names], 200, env).ended;

    expect(piped.stdout).toContain(aggregate);
    expect(piped.stdout).toContain('誤'.repeat(200));
    const lines = stripVTControlCharacters(stdout).trim().split('\r\n').slice(0, 3);
    const column = (text: string) =>
      measure(lines.find((line) => line.includes(text))?.split(text)[0] ?? '').width;
    expect(column('aggregate')).toBeGreaterThan(0);
    expect([column(aggregate), column('7  ')]).toEqual([column('aggregate'), column('aggregate')]);
  });

  test('text with a line separator is written from a file and from a pipe, and stays on one line in tail', async () => {
    const separated = JSON.stringify({
      aggregateId: '7',
      eventType: 'a\u2028b',
      payload: { t: 'x\u2028y\u0085' },
    });
    const path = await file('separated.jsonl', `${separated}\n`);

    const byFile = await cli.run(['enqueue', '--file', path, ...names], { env });
    const byPipe = await cli.run(['enqueue', ...names], { stdin: separated, env });
    await database.sql(
      `update outbox_events set status = 'PROCESSED', due_at = null, processed_at = now() - interval '10 seconds'`,
    );
    const tail = cli.start(['tail', '--since', '60', '--json', ...names], env);
    await tail.shows(/(\{.*\}\n){2}/);
    tail.stop();

    const { stdout } = await tail.ended;
    expect([byFile.exitCode, byPipe.exitCode, await written()]).toEqual([0, 0, 2]);
    for (const json of stdout.trim().split(/[\n\u2028]/))
      expect(JSON.parse(json)).toMatchObject({ eventType: 'a\u2028b' });
  });

  test('a file with a byte order mark is written', async () => {
    const path = await file('windows.jsonl', `\ufeff${line(1)}\r\n${line(2)}\r\n`);

    expect((await cli.run(['enqueue', '--file', path, ...names], { env })).exitCode).toBe(0);
    expect(await written()).toBe(2);
  });
});

describe('failed request during tail', () => {
  test('tail reports a failing database once, continues, and reports when it answers again', async () => {
    const refusals = new EventEmitter();
    let refusing = false;
    const service = createRdsData({
      clusterArn: target.resourceArn,
      database: target.database,
      databaseUrls: new Map([[target.secretArn, database.postgresUrl]]),
    });
    const { operations } = service;
    const endpoint = await startLocalAws({
      rdsData: {
        async ExecuteStatement(request) {
          if (!refusing) return operations['ExecuteStatement']?.(request) ?? {};
          refusals.emit('refused');
          throw new AwsError('DatabaseNotFoundException', 'the cluster is restored', 404);
        },
      },
    });
    const insertProcessed = (type: string) =>
      database.sql(
        `insert into outbox_events (aggregate_id, event_type, payload, status, due_at, processed_at)
         values ('7', $1, '{}', 'PROCESSED', null, now() - interval '10 seconds')`,
        [type],
      );
    try {
      await insertProcessed('before');
      const tail = cli.start(['tail', '--since', '60', '--json', ...names], {
        ...env,
        AWS_ENDPOINT_URL_RDS_DATA: endpoint.url,
      });
      await tail.shows('"before"');
      refusing = true;
      await tail.shows('the cluster is restored: trying again every 1 s');
      await once(refusals, 'refused');
      refusing = false;
      await tail.shows('answers again');
      await insertProcessed('after');
      await tail.shows('"after"');
      tail.stop();

      const { stdout, stderr } = await tail.ended;
      const types = stdout
        .trim()
        .split('\n')
        .map((json) => (JSON.parse(json) as { eventType: string }).eventType);
      expect(types).toEqual(['before', 'after']);
      expect(stderr.match(/trying again/g)).toHaveLength(1);
    } finally {
      await endpoint.close();
      await service.stop();
    }
  });

  test("tail continues after a failed request to the twin's bus, whose log keeps only the newest events", async () => {
    const refusals = new EventEmitter();
    const event = (DetailType: string) => ({
      EventId: DetailType,
      Time: '2026-03-01T10:00:00.000Z',
      DetailType,
      Detail: '{}',
    });
    const events = [event('old')];
    let dropped = 600;
    let refusing = false;
    const fakeTwin = createServer(({ url }, response) => {
      const health = {
        region: 'us-east-1',
        clusterArn: '',
        secretArn: '',
        database: '',
        eventBusName: '',
      };
      if (refusing) {
        refusals.emit('refused');
        return void response.destroy();
      }
      const before = Math.max(Number(/after=(\d+)/.exec(url ?? '')?.[1]), dropped);
      response.setHeader('X-Events-Before', before);
      const kept = events.slice(before - dropped);
      response.end(JSON.stringify(url?.includes('health') ? { ...health, stateMachines: {} } : kept));
    });
    fakeTwin.listen(0, '127.0.0.1');
    await once(fakeTwin, 'listening');
    try {
      const local = `--local=http://127.0.0.1:${(fakeTwin.address() as AddressInfo).port}`;
      const tail = cli.start(['tail', '--bus', '--json', local], env);
      await tail.shows('following the bus');
      refusing = true;
      await tail.shows(/trying again every 1 s/);
      await once(refusals, 'refused');
      refusing = false;
      await tail.shows('answers again');
      events.push(event('a\u2028b'));
      await tail.shows('DetailType');
      events.splice(0, 2, event('after one that nobody saw'));
      dropped = 603;
      await tail.shows('nobody saw');
      tail.stop();

      const { stdout, stderr } = await tail.ended;
      expect(
        stdout
          .trim()
          .split(/[\n\u2028]/)
          .map((json) => JSON.parse(json)),
      ).toEqual([event('a\u2028b'), event('after one that nobody saw')]);
      expect(stderr).toContain("1 events left the twin's log before they were shown");
      expect(stderr.match(/trying again/g)).toHaveLength(1);
    } finally {
      fakeTwin.closeAllConnections();
      fakeTwin.close();
    }
  });
});

test('times have an offset, whatever the time zone of the database is', async () => {
  const url = new URL(database.postgresUrl);
  url.searchParams.set('options', '-c TimeZone=Asia/Tokyo');
  const service = createRdsData({
    clusterArn: target.resourceArn,
    database: target.database,
    databaseUrls: new Map([[target.secretArn, url.href]]),
  });
  const endpoint = await startLocalAws({ rdsData: service.operations });
  const inTokyo = { ...env, AWS_ENDPOINT_URL_RDS_DATA: endpoint.url };
  const at = '2026-03-01T10:00:00.123456Z';
  const [row] = await database.sql<{ id: string }>(
    `insert into outbox_events (aggregate_id, event_type, payload, status, due_at, created_at, ready_at, processed_at,
       given_back_since)
     values ('7', 'a', '{}', 'PROCESSED', null, $1, $1, $1, $1) returning id`,
    [at],
  );
  try {
    const zone = await createDataApi(new RDSDataClient(clientOptions(endpoint.url)), target).query(
      'show timezone',
    );
    const listed = await cli.run(['list', '--json', ...names], { env: inTokyo });
    const table = await cli.run(['list', ...names], { env: inTokyo });
    const shown = await cli.run(['show', row?.id ?? '', '--json', ...names], { env: inTokyo });
    await database.sql(`update outbox_events set processed_at = now() - interval '10 seconds'`);
    const tail = cli.start(['tail', '--since', '60', ...names], inTokyo);
    await tail.shows(/Z {2}PROCESSED/);
    tail.stop();

    expect(zone).toEqual([['Asia/Tokyo']]);
    expect(JSON.parse(listed.stdout).events).toMatchObject([{ createdAt: at, changedAt: at }]);
    expect(table.stdout).toContain('2026-03-01T10:00:00Z');
    expect(JSON.parse(shown.stdout)).toMatchObject({
      created_at: at,
      processed_at: at,
      given_back_since: at,
      due_at: null,
    });
    expect((await tail.ended).stdout).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}PROCESSED/m);
  } finally {
    await endpoint.close();
    await service.stop();
  }
});

// Other systems have no such device, but the behaviour is the same everywhere.
const testWithFullDevice = existsSync('/dev/full') ? describe : describe.skip;
testWithFullDevice('answer that cannot be written', () => {
  test.each([
    ['list as JSON', ['list', '--json', ...names]],
    ['list as a table', ['list', ...names]],
    ['a command that has changed something', ['enqueue', ...enqueued, '--json', ...names]],
    ['the version', ['--version']],
    ['the help', ['--help']],
    ['the help of a command', ['list', '--help']],
    ['tail line by line', ['tail', '--since', '3600', '--json', ...names]],
  ])('an answer that cannot be written is an error with one sentence: %s', async (_, parameters) => {
    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload, status, due_at, failed_at)
       values ('7', 'a', '{}', 'FAILED', null, now() - interval '10 seconds')`,
    );

    const { exitCode, stderr } = await cli.inShell(parameters, '> /dev/full', env).ended;

    expect(stderr).toMatch(
      /error the answer cannot be written to stdout \(ENOSPC: [^\n]+\): it is lost, and what the command did stays done\n$/,
    );
    expect(exitCode).toBe(1);
  });

  test('an answer whose beginning fits on the disk is an error too', async () => {
    const path = join(folder, 'limited.txt');

    // A limit on the size of files behaves like a full disk.
    const { exitCode, stderr } = await cli.inShell(
      ['--help'],
      `> '${path}'`,
      env,
      `trap '' XFSZ; ulimit -f 1;`,
    ).ended;

    expect(stderr).toContain('error the answer cannot be written to stdout (EFBIG: ');
    expect([exitCode, (await stat(path)).size]).toEqual([1, 1024]);
  });

  test('a reader that closes the pipe early is not an error', async () => {
    await database.sql(`
      insert into outbox_events (aggregate_id, event_type, payload)
      select repeat('x', 500) || i, 'a', '{}' from generate_series(1, 500) i`);

    const { exitCode, stdout, stderr } = await cli.inShell(
      ['list', '--limit', '500', '--json', ...names],
      '| head -n 1',
      env,
      'set -o pipefail;',
    ).ended;

    expect([exitCode, stdout, stderr]).toEqual([0, '{\n', 'the newest 500; more with --limit\n']);
  });
});

describe('invalid input', () => {
  test.each<[string, string[], Partial<NodeJS.ProcessEnv>, number, RegExp]>([
    ['an unknown command', ['lst'], {}, 2, /unknown command 'lst'/],
    ['an unknown flag', ['list', '--bogus'], {}, 2, /unknown option '--bogus'/],
    ['a malformed id', ['show', '7'], {}, 2, /expected an event id/],
    ['a malformed time', ['redrive', '--failed-after', 'yesterday'], {}, 2, /expected a time/],
    ['a redrive without a filter', ['redrive'], {}, 2, /no condition is given/],
    ['a rate of nothing', ['replay', '--all', '--rate', '0'], {}, 2, /whole number from 1 to 200/],
    ['half an event a second', ['replay', '--all', '--rate', '0.5'], {}, 2, /whole number from 1 to 200/],
    ['a limit of nothing', ['replay', '--all', '--limit', '0'], {}, 2, /whole number from 1 to 100000/],
    [
      'a limit that does not fit the rate',
      ['replay', '--all', '--limit', '5001', '--rate', '1'],
      {},
      2,
      /at 1 a second one replay publishes at most 5000 events/,
    ],
    ['a malformed event id', ['replay', '--event', '7'], {}, 2, /expected an event id/],
    ['a malformed beginning', ['replay', '--processed-after', '9:00'], {}, 2, /expected a time/],
    ['a malformed end', ['replay', '--processed-before', '2025-01-31'], {}, 2, /expected a time/],
    ['a resource name that is missing', ['run', ...names], {}, 2, /needs processorArn: give --processor-arn/],
    [
      'a file that does not exist',
      ['enqueue', '--file', '/nowhere.jsonl', ...names],
      {},
      2,
      /cannot be read/,
    ],
    [
      'a twin that is not running',
      ['status', '--local', 'http://127.0.0.1:1'],
      {},
      3,
      /the twin at http:.* does not answer/,
    ],
    [
      'a twin that is not running, named by the environment',
      ['list'],
      { AWS_ENDPOINT_URL: 'http://localhost:1' },
      3,
      /the twin at http:.* does not answer/,
    ],
    [
      'a twin that is not running, named by the environment and used with --local',
      ['list', '--local'],
      { AWS_ENDPOINT_URL: 'http://localhost:1' },
      3,
      /the twin at http:\/\/localhost:1 .*does not answer/,
    ],
    [
      'an endpoint that does not answer',
      ['list', ...names],
      { AWS_ENDPOINT_URL_RDS_DATA: 'http://127.0.0.1:1' },
      3,
      /AWS does not answer/,
    ],
    ['missing credentials', ['list'], { AWS_ACCESS_KEY_ID: undefined }, 3, /no AWS credentials were found/],
    ['a missing region', ['list'], { AWS_REGION: undefined }, 3, /no AWS region is set/],
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
  ])(
    'the CLI reports %s in one sentence with an exit code',
    async (_, parameters, changes, expected, sentence) => {
      const { exitCode, stdout, stderr } = await cli.run(parameters, { env: { ...env, ...changes } });

      expect(stderr).toMatch(/^error [^\n]+\n$/);
      expect(stderr).toMatch(sentence);
      expect([exitCode, stdout]).toEqual([expected, '']);
    },
  );

  test('every command has help with examples and the exit codes', async () => {
    const commands = [
      'status',
      'list',
      'show',
      'run',
      'redrive',
      'replay',
      'enqueue',
      'purge',
      'tail',
      'doctor',
    ];
    for (const command of commands) {
      const { exitCode, stdout } = await cli.run([command, '--help'], { env });
      expect([command, exitCode]).toEqual([command, 0]);
      expect(stdout).toMatch(/Examples:\n {2}\$ npm run outbox -- [\s\S]*Exit codes:/);
    }
  });
});
