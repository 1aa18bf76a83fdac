import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
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
  expect(output).toMatch(/^Data API calls +2\.00 a batch/m);
  expect(exitCode).toBe(0);
  expect(leftBehind()).toEqual([]);
});

test('after kill -9 of its process group the twin restarts on the same data and loses no event', async () => {
  const first = await startTwinProcess('--events', '1500', '--tick', '1', '--data-dir', dataDir);
  const enough = async () => (await first.busEvents()).length > 200;
  while (!(await enough()));
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
    ['an unexpected argument', ['events'], 'too many arguments'],
  ])('npm start with %s ends with one sentence and exit code 1', async (_, parameters, sentence) => {
    const { exitCode, output } = await runToEnd(parameters);

    expect(output).toContain(sentence);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(exitCode).toBe(1);
  });

  test('npm start with a DATABASE_URL that does not answer ends with one sentence without its password', async () => {
    const env = { ...process.env, DATABASE_URL: 'postgresql://me:hunter2@127.0.0.1:1/outbox' };

    const { exitCode, output } = await runToEnd(['--port', '0', '--data-dir', dataDir], env);

    expect(output).toContain('error the database at 127.0.0.1:1/outbox does not answer');
    expect(output).not.toContain('hunter2');
    expect(exitCode).toBe(1);
  });

  test('npm start with a data folder of something else ends with one sentence and exit code 1', async () => {
    await writeFile(join(dataDir, 'thesis.txt'), 'chapter 1');

    const { exitCode, output } = await runToEnd(['--port', '0', '--data-dir', dataDir]);

    expect(output).toContain('is no PostgreSQL data directory and not empty');
    expect(exitCode).toBe(1);
  });
});
