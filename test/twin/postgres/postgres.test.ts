import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Client } from 'pg';
import {
  connectPostgres,
  type Postgres,
  type PostgresOptions,
  startPostgres,
} from '../../../twin/postgres/postgres.ts';
import { isRunning } from '../../../twin/postgres/process-table.ts';
import { eventually } from '../../support/eventually.ts';

jest.setTimeout(60_000);

const testAsRoot = process.getuid?.() === 0 ? test : test.skip;
const cleanUps: (() => Promise<unknown>)[] = [];
let cluster: string;
let dataDir: string;

beforeAll(async () => {
  cluster = await temporaryFolder();
  const { stop } = await startPostgres({ dataDir: cluster, databaseName: 'outbox' });
  await stop();
});

afterAll(() => removeFolder(cluster));

beforeEach(async () => {
  const empty = await temporaryFolder();
  cleanUps.push(() => removeFolder(empty));
  dataDir = empty;
});

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Creating a cluster takes seconds, so most tests start an existing one. */
function useCluster(): void {
  beforeEach(() => {
    dataDir = cluster;
  });
}

describe('folder without a cluster', () => {
  test('PostgreSQL starts in an empty folder and answers in UTC and UTF-8', async () => {
    const { url } = await start();

    const [settings] = await query(
      url,
      `select current_database() as database, current_setting('TimeZone') as zone, current_setting('fsync') as fsync, current_setting('max_wal_size') as wal,
              current_setting('server_encoding') as encoding, current_setting('listen_addresses') as addresses,
              upper('é') as upper`,
    );

    expect(settings).toEqual({
      database: 'outbox',
      zone: 'UTC',
      fsync: 'on',
      wal: '256MB',
      encoding: 'UTF8',
      addresses: '127.0.0.1',
      upper: 'É',
    });
  });

  test('PostgreSQL starts in a folder whose owner was killed during initdb', async () => {
    const owner = spawnOwner();
    await eventually(async () => {
      const draft = (await readdir(dataDir)).find((entry) => /^\.initdb-\d+$/.test(entry));
      return draft !== undefined && existsSync(join(dataDir, draft, 'PG_VERSION'));
    });
    killGroup(owner);

    const { url } = await start();

    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect((await readdir(dataDir)).filter((entry) => entry.startsWith('.initdb'))).toEqual([]);
  });
});

describe('embedded PostgreSQL', () => {
  useCluster();

  test('rows survive a restart, and stop may be called several times', async () => {
    const first = await start();
    const note = await writeRow(first.url);
    await Promise.all([first.stop(), first.stop()]);
    await first.stop();
    expect(existsSync(join(dataDir, 'cluster', 'postmaster.pid'))).toBe(false);

    const second = await start();

    expect(await readRows(second.url)).toContain(note);
  });

  test('PostgreSQL uses the given port and the given database name', async () => {
    const port = await withTakenPort(async (port) => port);

    const { url } = await start({ port, databaseName: 'my "events"' });

    expect(new URL(url).port).toBe(String(port));
    expect(await query(url, 'select current_database() as name')).toEqual([{ name: 'my "events"' }]);
  });

  test('PostgreSQL does not start on a taken port, gives the reason, and leaves no process running', async () => {
    await withTakenPort(async (port) => {
      await expect(start({ port })).rejects.toThrow(
        /postgres did not start in ".*": .*; the last lines of its log:\n.*could not bind/s,
      );
    });

    expect(existsSync(join(dataDir, 'cluster', 'postmaster.pid'))).toBe(false);
    await start(); // so the folder was released as well
  });
});

describe('killed owner', () => {
  useCluster();

  test('the postmaster ends when the process group of its owner is killed, and no committed row is lost', async () => {
    const owner = await startOwner();
    const note = await writeRow(owner.url);
    const postmaster = await postmasterPid();

    killGroup(owner.process);
    await eventually(async () => !(await isRunning(postmaster)));

    const { url } = await start();
    expect(await readRows(url)).toContain(note);
  });

  test('a new PostgreSQL may start immediately after the owner was killed', async () => {
    const owner = await startOwner();
    const note = await writeRow(owner.url);

    killGroup(owner.process);

    const { url } = await start();
    expect(await readRows(url)).toContain(note);
  });

  test('the next start stops the postmaster that is left over when owner and guard are killed', async () => {
    const owner = await startOwner();
    const note = await writeRow(owner.url);
    const orphan = await postmasterPid();
    // A stopped owner does not notice the end of its guard and cannot start the server again.
    owner.process.kill('SIGSTOP');
    process.kill(parentOf(orphan), 'SIGKILL');
    killGroup(owner.process);
    await once(owner.process, 'exit');
    expect(await isRunning(orphan)).toBe(true);
    const steps: string[] = [];

    const { url } = await start({ report: (step) => steps.push(step) });

    expect(steps).toEqual([expect.stringContaining(`process ${orphan}`)]);
    expect(await isRunning(orphan)).toBe(false);
    expect(await readRows(url)).toContain(note);
  });

  test('no committed row is lost when owner and postmaster are killed', async () => {
    const owner = await startOwner();
    const note = await writeRow(owner.url);
    const postmaster = await postmasterPid();
    killGroup(owner.process);
    process.kill(postmaster, 'SIGKILL');

    const { url } = await start();

    expect(await readRows(url)).toContain(note);
  });
});

describe('a server that ends on its own', () => {
  useCluster();

  test.each(['postmaster', 'guard'])(
    'a server whose %s was killed serves again on the same URL',
    async (victim) => {
      const { url, stop } = await start();
      const note = await writeRow(url);
      const killed = await postmasterPid();
      process.kill(victim === 'guard' ? parentOf(killed) : killed, 'SIGKILL');

      await eventually(async () => {
        const rows = await readRows(url).catch((): unknown[] => []);
        return rows.includes(note) && (await postmasterPid()) !== killed;
      });

      await stop();
      expect(existsSync(join(dataDir, 'cluster', 'postmaster.pid'))).toBe(false);
    },
  );

  test('and cannot be started again is lost, with the reason', async () => {
    const postgres = await start();
    const version = join(dataDir, 'cluster', 'PG_VERSION');
    await rename(version, `${version}.away`);
    cleanUps.push(() => rename(`${version}.away`, version));

    process.kill(await postmasterPid(), 'SIGKILL');

    expect((await postgres.lost).message).toMatch(/^postgres did not start in /);
    expect(await postgres.problem()).toBeDefined();
  });

  test('a server may be stopped while it is started again', async () => {
    const { stop } = await start();
    process.kill(await postmasterPid(), 'SIGKILL');

    await stop();

    await start();
  });
});

describe('data directory', () => {
  useCluster();

  test('a data directory in use by another process is refused', async () => {
    const owner = await startOwner();

    await expect(start()).rejects.toThrow(
      `data directory "${dataDir}" is in use by process ${owner.process.pid}; stop it or choose another --data-dir`,
    );
    expect(await query(owner.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('a data directory in use by the same process is refused', async () => {
    await start();

    await expect(start()).rejects.toThrow(`in use by process ${process.pid}`);
  });

  test('a data directory is free when its owner has died, even when a later process has the same id', async () => {
    await writeFile(join(dataDir, 'twin.lock'), JSON.stringify({ pid: process.pid, startedAt: 'long ago' }));

    await start();
  });

  test('a data directory that is itself the cluster, as older versions made it, is used as it is', async () => {
    const older = await temporaryFolder();
    cleanUps.push(() => removeFolder(older));
    await (await start({ dataDir: older })).stop();
    const inside = join(older, 'cluster');
    for (const entry of await readdir(inside)) await rename(join(inside, entry), join(older, entry));
    await rm(inside, { recursive: true });

    const { url } = await start({ dataDir: older });

    expect(await query(url, 'show data_directory')).toEqual([{ data_directory: older }]);
  });
});

describe('folder with other contents', () => {
  test('a folder with other files is refused and not changed', async () => {
    await writeFile(join(dataDir, 'thesis.txt'), 'chapter 1');

    await expect(start()).rejects.toThrow(
      `"${dataDir}" is no PostgreSQL data directory and not empty (it holds "thesis.txt"): choose another --data-dir`,
    );
    expect(await readdir(dataDir)).toEqual(['thesis.txt']);
  });

  test('a cluster of another major version is refused and not changed', async () => {
    await writeFile(join(dataDir, 'PG_VERSION'), '16\n');

    await expect(start()).rejects.toThrow(
      'is of PostgreSQL 16, this is PostgreSQL 17: choose another --data-dir',
    );
    expect(await readdir(dataDir)).toEqual(['PG_VERSION']);
  });

  test('a folder with only the remains of interrupted initdb runs and a twin folder gets a new cluster', async () => {
    await mkdir(join(dataDir, '.initdb-1', 'base', '1'), { recursive: true });
    await writeFile(join(dataDir, '.initdb-1', 'PG_VERSION'), '17\n');
    await writeFile(join(dataDir, '.initdb-password'), 'old');
    await mkdir(join(dataDir, 'twin'));

    const { url } = await start();

    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect((await readdir(dataDir)).filter((entry) => entry.startsWith('.initdb'))).toEqual([]);
  });

  test('a cluster with an empty version file is refused and not changed', async () => {
    await writeFile(join(dataDir, 'PG_VERSION'), '');

    await expect(start()).rejects.toThrow('is of PostgreSQL (no version), this is PostgreSQL 17');
    expect(await readdir(dataDir)).toEqual(['PG_VERSION']);
  });

  test('a cluster with tables but without a control file is refused, and its files are kept', async () => {
    await writeFile(join(dataDir, 'PG_VERSION'), '17\n');
    await mkdir(join(dataDir, 'base', '1'), { recursive: true });
    await writeFile(join(dataDir, 'base', '1', '1259'), 'rows');

    await expect(start()).rejects.toThrow(/^postgres did not start in ".*": it ended with exit code/);
    expect(await readFile(join(dataDir, 'base', '1', '1259'), 'utf8')).toBe('rows');
  });

  testAsRoot(
    'a folder that the database user may not enter is refused when it was given explicitly',
    async () => {
      await expect(start({ dataDir: join(dataDir, 'below') })).rejects.toThrow(
        `may not enter "${dataDir}": choose another --data-dir`,
      );
    },
  );

  testAsRoot('a default folder that the database user may not enter is replaced by one outside', async () => {
    const steps: string[] = [];

    const outside = await start({
      dataDir: join(dataDir, 'below'),
      whenUnreachable: 'move outside',
      report: (step) => steps.push(step),
    });

    cleanUps.unshift(() => removeFolder(outside.dataDir ?? ''));
    expect(steps).toContainEqual(
      expect.stringMatching(`keeping the data in ${outside.dataDir}, because .*${dataDir}`),
    );
    expect(await readdir(dataDir)).toEqual([]);
  });
});

describe('DATABASE_URL', () => {
  useCluster();

  test('the server of DATABASE_URL is used, and stopping the twin leaves it running', async () => {
    const { url } = await start();

    const given = await connectPostgres(url);
    await given.stop();

    expect(given).toMatchObject({ url, dataDir: undefined });
    await connectPostgres(url);
  });

  test('a server that does not answer is reported in one sentence without the password', async () => {
    const port = await withTakenPort(async (port) => port);

    await expect(connectPostgres(`postgresql://me:s3cret@127.0.0.1:${port}/outbox`)).rejects.toThrow(
      new RegExp(
        `^the database at 127.0.0.1:${port}/outbox does not answer \\(connect ECONNREFUSED .*\\): check .*$`,
      ),
    );
  });

  test('a wrong password is reported in one sentence without the password', async () => {
    const url = new URL((await start()).url);
    url.password = 's3cret';

    const error = await connectPostgres(url.href).catch((error: Error) => error);

    expect(String(error)).toMatch(/password authentication failed for user "postgres"/);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('s3cret');
  });

  test.each([
    'postgresql://me:p@s3cret@127.0.0.1:1/outbox',
    'postgresql://me:p@127.0.0.1/s3cret@127.0.0.1:1/outbox',
    'postgresql://me:12/s3cret@127.0.0.1:1/outbox',
    'postgresql://me:12?s3cret@127.0.0.1:1/outbox',
    'postgresql://me:12#s3cret@127.0.0.1:1/outbox',
    'postgresql://me:100%s3cret@127.0.0.1:1/outbox',
    'postgresql://me:s3cret#@:x/outbox',
    'mysql://me:s3cret@127.0.0.1/outbox',
    's3cret',
  ])('a malformed DATABASE_URL is refused without showing it (case %#)', async (url) => {
    const error = await connectPostgres(url).catch((error: Error) => error);

    expect(String(error)).toMatch(/DATABASE_URL is not of the form postgresql:/);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('s3cret');
  });
});

async function start(options: Partial<PostgresOptions> = {}): Promise<Postgres> {
  const postgres = await startPostgres({ dataDir, databaseName: 'outbox', ...options });
  cleanUps.push(() => postgres.stop());
  return postgres;
}

async function temporaryFolder(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), 'outbox-test-')));
}

/** Retried, because a guard may still be stopping the processes that a killed owner left behind. */
function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 20 });
}

/** Starts it in a process group of its own, as a shell does. */
function spawnOwner(): ChildProcess {
  const script = fileURLToPath(new URL('../../support/postgres-owner.ts', import.meta.url));
  const owner = spawn(process.execPath, ['--import', 'tsx', script, dataDir], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanUps.push(async () => {
    if (owner.exitCode === null && owner.signalCode === null) killGroup(owner);
    const postmaster = await postmasterPid().catch(() => undefined);
    await eventually(async () => postmaster === undefined || !(await isRunning(postmaster)));
  });
  return owner;
}

async function startOwner(): Promise<{ process: ChildProcess; url: string }> {
  const owner = spawnOwner();
  if (!owner.stdout) throw new Error('the owner has no stdout');
  const lines = createInterface(owner.stdout);
  const [url] = (await Promise.race([once(lines, 'line'), once(owner, 'exit')])) as [string];
  return { process: owner, url };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL');
}

function parentOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }));
}

async function postmasterPid(): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'cluster', 'postmaster.pid'), 'utf8'), 10);
}

/** Runs `work` while a server that never answers occupies a port; the port is free afterwards. */
async function withTakenPort<T>(work: (port: number) => Promise<T>): Promise<T> {
  const callers: Socket[] = [];
  const server = createServer((caller) => callers.push(caller)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  try {
    return await work(typeof address === 'object' && address ? address.port : 0);
  } finally {
    for (const caller of callers) caller.destroy();
    server.close();
    await once(server, 'close');
  }
}

async function query(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString });
  // A connection that breaks while it is idle fails nothing here.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function writeRow(url: string): Promise<string> {
  const note = randomUUID();
  await query(url, `create table if not exists notes (note text); insert into notes values ('${note}')`);
  return note;
}

async function readRows(url: string): Promise<unknown[]> {
  return (await query(url, 'select note from notes')).map((row) => (row as { note: string }).note);
}
