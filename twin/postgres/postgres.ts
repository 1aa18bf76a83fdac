import { findBinaries } from './binaries.ts';
import { createCluster, holdsCluster } from './cluster.ts';
import { connectionProblem, withClient } from './connection.ts';
import { chooseDataDir, type DataDir, handOver, unusable } from './data-dir.ts';
import { lockDataDir } from './lock.ts';
import { superviseServer } from './supervise.ts';

export interface Postgres {
  readonly url: string;
  /** Undefined when the twin did not start the server. */
  readonly dataDir: string | undefined;
  /** Why it does not answer now; undefined when it does. */
  problem(): Promise<string | undefined>;
  /** Fulfilled only when our own server has ended and could not be started again. */
  readonly lost: Promise<Error>;
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
   * 'move outside' is for a default folder, which the user did not choose.
   * @default 'refuse'
   */
  readonly whenUnreachable?: 'refuse' | 'move outside';
  /** Receives a sentence about a step that takes long or that the user did not ask for. */
  readonly report?: (step: string) => void;
  /** Aborted when the start should be given up. */
  readonly stopping?: AbortSignal | undefined;
}

/** DATABASE_URL does not say which database. */
export class InvalidDatabaseUrl extends Error {
  override readonly name = 'InvalidDatabaseUrl';
}

/** The database of DATABASE_URL cannot be used now. */
export class DatabaseUnreachable extends Error {
  override readonly name = 'DatabaseUnreachable';
}

const oldestVersion = 15;

/**
 * Starts a PostgreSQL of our own. It ends with this process, even when that is killed; when it is killed itself, it is
 * started again.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { port, databaseName, settings = [], report = () => undefined, stopping } = options;
  const { dataDir, unlock } = await takeDataDir(options, report);
  try {
    const binaries = await findBinaries(dataDir.user, report);
    if (!(await holdsCluster(dataDir))) {
      report(`creating a PostgreSQL cluster in ${dataDir.path}`);
      await createCluster(dataDir, binaries.initdb);
    }
    stopping?.throwIfAborted();
    const { postgres } = binaries;
    const server = await superviseServer({
      dataDir,
      postgres,
      port,
      databaseName,
      settings,
      report,
      stopping,
    });
    const { url, lost } = server;
    let stopped: Promise<void> | undefined;
    return {
      url,
      dataDir: dataDir.path,
      problem: async () =>
        server.isDown() ? 'it has ended on its own and is being started again' : connectionProblem(url),
      lost,
      stop: () => {
        stopped ??= server.stop().then(unlock);
        return stopped;
      },
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}

type DataDirOptions = Pick<PostgresOptions, 'dataDir' | 'whenUnreachable'>;

/** Makes sure that the folder can be used, and says at once when it cannot. */
export async function prepareDataDir(
  { dataDir: requested, whenUnreachable = 'refuse' }: DataDirOptions,
  report: (step: string) => void,
): Promise<DataDir> {
  try {
    const dataDir = await chooseDataDir(requested, whenUnreachable, report);
    // Checked before anything is written, so that a foreign folder stays as it is.
    if (!(await holdsCluster(dataDir))) await handOver(dataDir);
    return dataDir;
  } catch (error) {
    throw unusable(requested, error);
  }
}

async function takeDataDir(
  options: DataDirOptions,
  report: (step: string) => void,
): Promise<{ dataDir: DataDir; unlock: () => Promise<void> }> {
  const dataDir = await prepareDataDir(options, report);
  try {
    return { dataDir, unlock: await lockDataDir(dataDir.path) };
  } catch (error) {
    throw unusable(options.dataDir, error);
  }
}

/** Uses a server that is already running. Its password never appears in an error. */
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
    throw new DatabaseUnreachable(
      `the database at ${place} does not answer (${message || code}): check DATABASE_URL`,
      { cause },
    );
  }
  if (version < oldestVersion) {
    throw new Error(
      `the database at ${place} is PostgreSQL ${version}: DATABASE_URL must name version ${oldestVersion} or later`,
    );
  }
  return {
    url,
    dataDir: undefined,
    problem: () => connectionProblem(url),
    lost: new Promise(() => undefined),
    stop: async () => undefined,
  };
}

// One @ only, and none of the characters that end the host's part before it: an unescaped password would move
// its rest into the host, the path or the query, and from there into an error.
const unambiguous = /^postgres(?:ql)?:\/\/(?:[^@/?#\s]*@)?[^@/?#\s]*(?:\/[^@?#\s]*)?(?:\?[^@#\s]*)?$/i;

/** Host and database, for a sentence. */
export function placeOf(url: string): string {
  // Without a cause: Node's error contains the whole text, including the password.
  const parsed = unambiguous.test(url) && isDecodable(url) && URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed) {
    throw new InvalidDatabaseUrl(
      'DATABASE_URL is not of the form postgresql://user:password@host:port/database ' +
        '(special characters in the password must be percent-encoded)',
    );
  }
  const place = `${parsed.host || 'the local socket'}${parsed.pathname}`;
  if (parsed.pathname.length > 1) return place;
  throw new InvalidDatabaseUrl(
    `DATABASE_URL names no database on ${place.replace(/\/$/, '')}: ` +
      'expected postgresql://user:password@host:port/database',
  );
}

function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
}
