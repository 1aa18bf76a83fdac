import { randomUUID } from 'node:crypto';
import pg, { type PoolClient } from 'pg';
import { AwsError } from '../../http/aws-error.ts';
import type { RequestBody } from '../../http/request.ts';
import { databaseError } from './database-error.ts';

const IDLE_TRANSACTION_MS = 180_000;

// The service ends a statement after 45 seconds. As an option of the connection, the limit would also replace the
// shorter one that a role may have.
const LIMIT_STATEMENTS = `
  select set_config('statement_timeout', '45s', false) from pg_settings
  where name = 'statement_timeout' and setting::integer not between 1 and 45000`;

// What the service's driver sets or decodes itself, whatever the database or the role has set.
const SESSION = '-c TimeZone=UTC -c DateStyle=ISO -c bytea_output=hex -c extra_float_digits=1';

export interface RdsDataOptions {
  readonly clusterArn: string;
  /** The name of the database in requests; the one in DATABASE_URL may differ. */
  readonly database: string;
  /** The database's URL as the user of each secret, by the secret's ARN. */
  readonly databaseUrls: ReadonlyMap<string, string>;
}

interface Transaction {
  readonly secretArn: string;
  readonly client: PoolClient;
  readonly timer: NodeJS.Timeout;
  busy: boolean;
}

export type RunQuery = (config: pg.QueryArrayConfig) => Promise<pg.QueryArrayResult>;

export type Connections = ReturnType<typeof createConnections>;

/** The database as the users of the secrets reach it, and the transactions that are open. */
export function createConnections({ clusterArn, database, databaseUrls }: RdsDataOptions) {
  let calls = 0;
  const pools = new Map<string, pg.Pool>();
  const transactions = new Map<string, Transaction>();

  /** The connections of the secret that the request signs in with. */
  function poolOf(request: RequestBody): pg.Pool {
    calls += 1;
    const resourceArn = request.text('resourceArn');
    if (resourceArn !== clusterArn) {
      throw new AwsError('BadRequestException', `HttpEndpoint is not enabled for resource ${resourceArn}`);
    }
    const secretArn = request.text('secretArn');
    const url = databaseUrls.get(secretArn);
    if (url === undefined) {
      throw new AwsError(
        'SecretsErrorException',
        `Secrets Manager can't find the specified secret: ${secretArn}`,
      );
    }
    const name = request.optionalText('database') ?? database;
    const pool =
      pools.get(`${secretArn} ${name}`) ?? createPool(name === database ? url : withName(url, name));
    pools.set(`${secretArn} ${name}`, pool);
    return pool;
  }

  /** A transaction that was begun with another secret is not found either. */
  function openTransaction(id: string, request: RequestBody): Transaction {
    const open = transactions.get(id);
    if (open?.secretArn !== request.text('secretArn'))
      throw new AwsError('TransactionNotFoundException', `Transaction ${id} is not found`, 404);
    if (open.busy) throw new AwsError('DatabaseErrorException', 'Transaction is still running a query');
    return open;
  }

  return {
    /** Requests so far. */
    calls: () => calls,
    /** Runs statements in the request's transaction, which serves one request at a time, or each on a connection of its own. */
    async withConnection<T>(request: RequestBody, work: (run: RunQuery) => Promise<T>): Promise<T> {
      const pool = poolOf(request);
      const id = request.optionalText('transactionId');
      if (id === undefined) return work((config) => pool.query(config));
      const open = openTransaction(id, request);
      open.timer.refresh();
      open.busy = true;
      try {
        return await work((config) => open.client.query(config));
      } finally {
        open.busy = false;
      }
    },
    async begin(request: RequestBody): Promise<string> {
      const client = await poolOf(request)
        .connect()
        .catch((error: unknown) => {
          throw databaseError(error);
        });
      await client.query('begin').catch((error: unknown) => {
        client.release(true);
        throw databaseError(error);
      });
      const id = randomUUID();
      const timer = setTimeout(() => {
        transactions.delete(id);
        client.release(true);
      }, IDLE_TRANSACTION_MS).unref();
      transactions.set(id, { secretArn: request.text('secretArn'), client, timer, busy: false });
      return id;
    },
    async end(request: RequestBody, verb: 'commit' | 'rollback'): Promise<void> {
      const id = request.text('transactionId');
      poolOf(request);
      const { client, timer } = openTransaction(id, request);
      clearTimeout(timer);
      transactions.delete(id);
      try {
        const { command } = await client.query(verb);
        // PostgreSQL turns the commit of a failed transaction into a rollback without calling it an error.
        if (verb === 'commit' && command === 'ROLLBACK') {
          throw new AwsError(
            'BadRequestException',
            `Transaction ${id} has been aborted due to an error from a previous call`,
          );
        }
      } catch (error) {
        throw databaseError(error);
      } finally {
        client.release();
      }
    },
    async stop() {
      for (const { client, timer } of transactions.values()) {
        clearTimeout(timer);
        client.release(true);
      }
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    },
  };
}

function withName(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(database)}`;
  return other.href;
}

function createPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: 20,
    options: SESSION,
    onConnect: (client) => client.query(LIMIT_STATEMENTS),
  });
  // A connection that breaks while idle is replaced by the pool; whoever needs it next gets the error.
  pool.on('error', () => undefined);
  // Without a listener, one that breaks during an idle transaction would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
