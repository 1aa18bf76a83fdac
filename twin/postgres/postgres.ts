import { findBinaries } from './binaries.ts';
import { createCluster, holdsCluster } from './cluster.ts';
import { withClient } from './connection.ts';
import { chooseDataDir, type DataDir, handOver } from './data-dir.ts';
import { lockDataDir } from './lock.ts';
import { stopOrphan } from './orphan.ts';
import { type Server, startServer } from './server.ts';

export interface Postgres {
  readonly url: string;
  /** Undefined when the server is not ours to run. */
  readonly dataDir: string | undefined;
  /** Stops the server and waits for its end. May be called again. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** A missing or empty folder, or one that a former start has filled. */
  readonly dataDir: string;
  /** @default a free one */
  readonly port?: number;
  /** Created when missing. */
  readonly databaseName: string;
  /** Server settings beside our own, e.g. `wal_level=logical`. */
  readonly settings?: readonly string[];
  /**
   * What to do when the database's user may not enter the folders above dataDir (only root meets this).
   * 'move outside' suits a default that nobody has asked for.
   * @default 'refuse'
   */
  readonly whenUnreachable?: 'refuse' | 'move outside';
  /** Called with a sentence about what takes long or was not asked for. */
  readonly report?: (step: string) => void;
}

const oldestVersion = 15;

/** Starts a PostgreSQL of our own. It ends with this process, even when that is killed. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { port, databaseName, settings = [], report = () => undefined } = options;
  const { dataDir, unlock } = await takeDataDir(options, report);
  try {
    const binaries = await findBinaries(dataDir.user, report);
    if (!(await holdsCluster(dataDir))) {
      report(`creating a PostgreSQL cluster in ${dataDir.path}`);
      await createCluster(dataDir, binaries.initdb);
    }
    const server = await startServer({
      dataDir,
      postgres: binaries.postgres,
      port,
      databaseName,
      settings,
      report,
    });
    return ownedPostgres(server, dataDir, unlock, report);
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function takeDataDir(
  { dataDir: requested, whenUnreachable = 'refuse' }: PostgresOptions,
  report: (step: string) => void,
): Promise<{ dataDir: DataDir; unlock: () => Promise<void> }> {
  try {
    const dataDir = await chooseDataDir(requested, whenUnreachable, report);
    // Checked before anything is written, so that a foreign folder stays as it is.
    if (!(await holdsCluster(dataDir))) await handOver(dataDir);
    return { dataDir, unlock: await lockDataDir(dataDir.path) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error; // already a sentence for the user
    throw new Error(`data directory "${requested}" cannot be used (${message}): choose another --data-dir`, {
      cause: error,
    });
  }
}

function ownedPostgres(
  { url, process }: Server,
  dataDir: DataDir,
  unlock: () => Promise<void>,
  report: (step: string) => void,
): Postgres {
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    await process.stop();
    await stopOrphan(dataDir, report); // there is one only if the guard was killed
    await unlock();
  };
  process.exited.then(
    (code) =>
      stopped ?? report(`postgres has ended on its own (exit code ${code}); see the log in ${dataDir.path}`),
    (error: Error) => report(`the guard of postgres failed: ${error.message}`),
  );
  return {
    url,
    dataDir: dataDir.path,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** Uses a server that runs already. Its password never shows up in an error. */
export async function connectPostgres(url: string): Promise<Postgres> {
  const place = placeOf(url);
  let version: number;
  try {
    version = await withClient({ connectionString: url, query_timeout: 5_000 }, async (client) => {
      const { rows } = await client.query<{ version: number }>(
        `select current_setting('server_version_num')::int / 10000 as version`,
      );
      return rows[0]?.version ?? 0;
    });
  } catch (cause) {
    const { message, code } = cause as NodeJS.ErrnoException;
    throw new Error(`the database at ${place} does not answer (${message || code}): check DATABASE_URL`, {
      cause,
    });
  }
  if (version < oldestVersion) {
    throw new Error(
      `the database at ${place} is PostgreSQL ${version}: DATABASE_URL must name version ${oldestVersion} or later`,
    );
  }
  return { url, dataDir: undefined, stop: async () => undefined };
}

function placeOf(url: string): string {
  // Without a cause: Node's error holds the whole text, password included.
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !['postgres:', 'postgresql:'].includes(parsed.protocol)) {
    throw new Error(
      'DATABASE_URL is not of the form postgresql://user:password@host:port/database ' +
        '(special characters in the password must be percent-encoded)',
    );
  }
  return `${parsed.host || 'the local socket'}${parsed.pathname}`;
}
