import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../support/eventually.ts';
import { runToEnd, startTwinProcess, temporaryDataDir } from '../support/twin-process.ts';

let dataDir: string;
let removeData: () => Promise<void>;

beforeEach(async () => {
  const folder = await temporaryDataDir();
  dataDir = folder.dataDir;
  removeData = folder.remove;
});

afterEach(() => removeData());

/** Processes whose command line contains this test's data folder. */
const leftBehind = () =>
  execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(dataDir));

const postmaster = async () =>
  Number.parseInt(await readFile(join(dataDir, 'cluster', 'postmaster.pid'), 'utf8'), 10);

test('--once publishes 2,000 real webhooks, accounts for each of them and leaves no process running', async () => {
  const { exitCode, output } = await runToEnd([
    '--once',
    '--events',
    '2000',
    '--port',
    '0',
    '--data-dir',
    dataDir,
  ]);

  expect(output).toMatch(/^claimed +2000$/m);
  expect(output).toMatch(/^published +2000$/m);
  expect(output).toMatch(/^accepted by the bus +2000 of 2000 processed events$/m);
  expect(output).toMatch(/^published twice +0$/m);
  // Full batches of 200, whatever the webhooks weigh.
  expect(output).toMatch(/^runs +\d+ with 10 batches$/m);
  expect(exitCode).toBe(0);
  expect(leftBehind()).toEqual([]);
});

test('after kill -9 of its process group the twin restarts on the same data and loses no event', async () => {
  const first = await startTwinProcess('--events', '1500', '--tick', '1', '--data-dir', dataDir);
  await eventually(async () => (await first.busEvents()).length > 200);
  await first.kill();

  const second = await startTwinProcess('--events', '0', '--tick', '0', '--data-dir', dataDir);
  const pool = new pg.Pool({ connectionString: second.health.postgresUrl });
  try {
    const claimed = await pool.query(
      `select id from outbox_events where status = 'PROCESSING' and due_at > now()`,
    );
    await second.tick();
    const { rows } = await pool.query(
      `select count(*) filter (where status = 'PROCESSING')::int as processing, count(*) filter (where status = 'PENDING')::int as pending from outbox_events`,
    );
    // The leases of the killed run stay valid until they expire.
    expect(rows).toEqual([{ processing: claimed.rowCount, pending: 0 }]);

    await pool.query(`update outbox_events set due_at = now() where status = 'PROCESSING'`);
    await second.tick();

    const statuses = await pool.query('select status, count(*)::int from outbox_events group by status');
    const written = statuses.rows.reduce((sum: number, { count }: { count: number }) => sum + count, 0);
    expect(statuses.rows).toEqual([{ status: 'PROCESSED', count: written }]);
    const times = new Map<string, number>();
    for (const { Detail } of await second.busEvents()) {
      const { eventId } = JSON.parse(Detail) as { eventId: string };
      times.set(eventId, (times.get(eventId) ?? 0) + 1);
    }
    expect(times.size).toBe(written);
    // Only the events that the killed run had claimed may have been published twice.
    const claimedIds = new Set(claimed.rows.map(({ id }: { id: string }) => id));
    expect([...times].filter(([id, count]) => count > 1 && !claimedIds.has(id))).toEqual([]);
  } finally {
    await pool.end();
    await second.stop();
  }
  expect(leftBehind()).toEqual([]);
});

test('the twin survives a killed session of its database and a killed database, which then serves on the same address', async () => {
  const twin = await startTwinProcess('--events', '50', '--tick', '1', '--data-dir', dataDir);
  const pool = new pg.Pool({ connectionString: twin.health.postgresUrl, max: 1 });
  pool.on('error', () => undefined);
  const everythingProcessed = () =>
    eventually(async () => {
      const open = 'select from outbox_events where processed_at is null limit 1';
      return (await pool.query(open)).rowCount === 0;
    });
  try {
    await everythingProcessed();
    const killed = await postmaster();
    const { rows } = await pool.query<{ pid: number }>(
      `select pid from pg_stat_activity where state = 'idle' and application_name = '' and pid <> pg_backend_pid()`,
    );
    process.kill(rows[0]?.pid ?? Number.NaN, 'SIGKILL');
    await eventually(() => pool.query('select 1').catch(() => undefined));
    expect(await postmaster()).toBe(killed);

    process.kill(killed, 'SIGKILL');
    const states = new Set<string>();
    await eventually(async () => {
      const answer = await fetch(`${twin.url}/_local/health`);
      const { status } = (await answer.json()) as { status: string };
      states.add(`${answer.status} ${status}`);
      return states.has('503 unavailable') && status === 'ready';
    });
    await pool.query(`insert into outbox_events (aggregate_type, aggregate_id, event_type, payload)
      select 'dish', n::text, 'dish.rated', '{}' from generate_series(1, 50) n`);
    await everythingProcessed();

    expect(states).toEqual(new Set(['503 unavailable', '200 ready']));
    // A killed database may take outcomes with it, and those events are published twice.
    const published = (await twin.busEvents()).map(({ Detail }) => JSON.parse(Detail).eventId);
    expect(new Set(published).size).toBe(100);
    expect(twin.output()).toMatch(/PostgreSQL has ended on its own \(exit code 1\) and is started again/);
  } finally {
    await pool.end();
    expect(await twin.stop()).toBe(0);
  }
  expect(leftBehind()).toEqual([]);
});

test.each([
  ['synthesizing', 130],
  ['migrating', 130],
] as const)(
  'a signal to npm start while it is %s ends it and leaves nothing running',
  async (phase, code) => {
    const { exitCode, output } = await runToEnd(['--port', '0', '--data-dir', dataDir], process.env, {
      interruptAt: phase,
    });

    expect(output.trim().split('\n').at(-1)).toBe('stopping');
    expect(exitCode).toBe(code);
    expect(leftBehind()).toEqual([]);
  },
);

test('npm start and everything that it started end when nobody reads its output any more', async () => {
  const command = `npm start -- --port 0 --data-dir ${dataDir} | head -1`;
  const shell = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(shell, 'close');

  expect(leftBehind()).toEqual([]);
});

test('SIGTERM to npm stops what npm has started', async () => {
  const npm = spawn('npm', ['start', '--', '--port', '0', '--events', '0', '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  npm.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (text.includes('ready at')) npm.kill('SIGTERM');
  });

  await once(npm.stdout, 'close');

  expect(output).toContain('stopping: the runs under way end first');
  await eventually(async () => leftBehind().length === 0);
});

describe('invalid input', () => {
  test('npm start with a port in use ends with one sentence and exit code 1', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;

    const { exitCode, output } = await runToEnd(['--port', String(port), '--data-dir', dataDir]);

    server.close();
    expect(output).toContain(
      `error port ${port} is in use: stop what listens there or choose another --port`,
    );
    expect(exitCode).toBe(1);
    expect(leftBehind()).toEqual([]);
  });

  test.each([
    ['an unknown flag', ['--bogus'], "unknown option '--bogus'"],
    ['a malformed number', ['--events', 'many'], 'expected a whole number'],
    ['a negative number', ['--tick', '-1'], 'expected a whole number'],
    ['a port that does not exist', ['--port', '70000'], 'expected a whole number from 0 to 65535'],
    ['a tick that no timer can wait for', ['--tick', '9999999'], 'expected a whole number from 0 to 2147483'],
    ['an unexpected argument', ['events'], 'too many arguments'],
    [
      'events that the table refuses',
      ['--event-bytes', '2000000'],
      'expected a whole number from 0 to 1000000',
    ],
    ['no Lambda at all', ['--lambda-concurrency', '0'], 'expected a whole number from 1'],
    ['a data folder without a name', ['--data-dir', ''], 'expected a text that is not empty'],
    ['a setting that nobody reads', ['-c', 'outbx:batchSize=10'], 'expected outbox:key=value'],
  ])('npm start with %s ends with one sentence and exit code 2', async (_, parameters, sentence) => {
    const { exitCode, output } = await runToEnd(parameters);

    expect(output).toContain(sentence);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(exitCode).toBe(2);
  });

  test('npm start with a DATABASE_URL that does not answer ends with one sentence without its password', async () => {
    const env = { ...process.env, DATABASE_URL: 'postgresql://me:hunter2@127.0.0.1:1/outbox' };

    const { exitCode, output } = await runToEnd(['--port', '0', '--data-dir', dataDir], env);

    expect(output).toContain('error the database at 127.0.0.1:1/outbox does not answer');
    expect(output).not.toContain('hunter2');
    expect(exitCode).toBe(3);
  });

  test('npm start refuses a DATABASE_URL without a database before it does anything else', async () => {
    const env = { ...process.env, DATABASE_URL: 'postgresql://me:hunter2@127.0.0.1:1' };

    const { exitCode, output } = await runToEnd(['--port', '0', '--data-dir', dataDir], env);

    expect(output).toBe(
      'error DATABASE_URL names no database on 127.0.0.1:1: expected postgresql://user:password@host:port/database\n',
    );
    expect(exitCode).toBe(2);
  });

  test('npm start with a data folder of something else ends with one sentence and exit code 1', async () => {
    await writeFile(join(dataDir, 'thesis.txt'), 'chapter 1');

    const { exitCode, output } = await runToEnd(['--port', '0', '--data-dir', dataDir]);

    expect(output).toContain('is no PostgreSQL data directory and not empty');
    expect(exitCode).toBe(1);
  });

  const onLinux = process.platform === 'linux' ? test : test.skip;
  onLinux('npm start refuses a data folder that nobody can make before it does anything else', async () => {
    const { exitCode, output } = await runToEnd(['--port', '0', '--data-dir', '/proc/outbox']);

    expect(output).toMatch(/^error data directory "\/proc\/outbox" cannot be used \(ENOENT.*\n$/);
    expect(exitCode).toBe(1);
  });
});
