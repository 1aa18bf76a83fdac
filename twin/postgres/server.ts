import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { logFile, superuser } from './cluster.ts';
import { withClient } from './connection.ts';
import type { DataDir } from './data-dir.ts';
import { type Guarded, spawnGuarded } from './guarded.ts';
import { stopOrphan, twinMark } from './orphan.ts';

export interface Server {
  readonly url: string;
  readonly process: Guarded;
}

export interface ServerOptions {
  readonly dataDir: DataDir;
  readonly postgres: string;
  readonly port: number | undefined;
  readonly databaseName: string;
  /** Whether to wait for a port that is taken, as one that was given to clients before. */
  readonly waitForPort?: boolean;
  /** Added to our own settings, which they override. */
  readonly settings: readonly string[];
  readonly stopping?: AbortSignal | undefined;
  readonly report: (step: string) => void;
}

const startTimeoutMs = 120_000; // recovery after a crash may have much to replay
const conflictTimeoutMs = 15_000;

/** Starts the server on a cluster that nobody else uses, and waits until it serves the database. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const deadline = Date.now() + conflictTimeoutMs;
  const { stopping } = options;
  for (;;) {
    stopping?.throwIfAborted();
    const strangerPid = await stopOrphan(options.dataDir, options.report);
    const port = options.port ?? (await freePort());
    const process = spawnServer(options, port, strangerPid);
    try {
      await Promise.race([
        waitUntilServing(port, options.databaseName, process),
        failure(process),
        ...(stopping === undefined ? [] : [aborted(stopping)]),
      ]);
      process.release();
      return { url: urlOf(port, options.databaseName), process };
    } catch (cause) {
      await process.stop();
      stopping?.throwIfAborted();
      const log = await process.lastLogLines();
      const passes = isPassingConflict(log, options.port === undefined || options.waitForPort === true);
      if (!passes || Date.now() > deadline) throw notStarted(options.dataDir.path, cause as Error, log);
    }
    await pause(50);
  }
}

function spawnServer(
  { dataDir, postgres, settings: given }: ServerOptions,
  port: number,
  strangerPid: number | undefined,
): Guarded {
  const settings = [
    twinMark,
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'timezone=UTC',
    'log_timezone=UTC',
    'max_connections=100',
    'shared_buffers=128MB',
    'max_wal_size=256MB', // by default the log of a busy database keeps a gigabyte of the disk
    'jit=off',
    ...given,
  ];
  return spawnGuarded({
    command: postgres,
    args: ['-D', dataDir.cluster, ...settings.flatMap((setting) => ['-c', setting])],
    user: dataDir.user,
    cwd: dataDir.path,
    logFile: join(dataDir.path, logFile),
    // PostgreSQL's own way to say "this process id in postmaster.pid is no postmaster". Better than deleting
    // the file, which also proves that no backend of a former server still writes.
    env: strangerPid === undefined ? {} : { PG_GRANDPARENT_PID: String(strangerPid) },
  });
}

async function waitUntilServing(port: number, databaseName: string, server: Guarded): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    try {
      const config = { connectionString: urlOf(port, 'postgres'), ssl: false };
      return await withClient(config, (client) => ensureDatabase(client, databaseName));
    } catch (error) {
      if (!isNotYet(error as Error)) throw error;
    }
    if (server.hasExited()) return failure(server);
    await pause(15);
  }
  throw new Error(`it does not answer within ${startTimeoutMs / 1000} s`);
}

/** Connecting does not show this: another process that has taken the port may answer, or not. */
async function failure(server: Guarded): Promise<never> {
  throw new Error(`it ended with exit code ${await server.exited}`);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );
}

async function ensureDatabase(client: Client, name: string): Promise<void> {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
  if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
}

/** The server does not listen yet, closes the connection, or answers 57P03: it starts up or recovers from a crash. */
function isNotYet(error: NodeJS.ErrnoException): boolean {
  return (
    ['ECONNREFUSED', 'ECONNRESET', '57P03'].includes(error.code ?? '') || /terminated/.test(error.message)
  );
}

/** Temporary conflicts: backends that outlive a killed postmaster for a moment, a free port that another process took. */
function isPassingConflict(log: string, portMayBecomeFree: boolean): boolean {
  return (
    /shared memory block .* is still in use/.test(log) || (portMayBecomeFree && /could not bind/.test(log))
  );
}

function notStarted(dataDir: string, cause: Error, log: string): Error {
  const message = `postgres did not start in "${dataDir}": ${cause.message}; the last lines of its log:\n${log}`;
  return new Error(message, { cause });
}

function urlOf(port: number, databaseName: string): string {
  const { name, password } = superuser;
  return `postgresql://${name}:${password}@127.0.0.1:${port}/${encodeURIComponent(databaseName)}`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
