import { randomUUID } from 'node:crypto';
import pg, { type PoolClient } from 'pg';
import { AwsError } from '../../http/aws-error.ts';
import type { RequestBody } from '../../http/request.ts';
import { answer, readAnswerOptions } from './result-set.ts';
import { bindParameters, readParameter } from './sql-parameters.ts';

const IDLE_TRANSACTION_MS = 180_000;
const MAX_SQL_CHARACTERS = 65_536;

// The service ends a statement after 45 seconds. As an option of the connection, the limit would also replace the
// shorter one that a role may have.
const LIMIT_STATEMENTS = `
  select set_config('statement_timeout', '45s', false) from pg_settings
  where name = 'statement_timeout' and setting::integer not between 1 and 45000`;

// What the service's driver asks for or decodes by itself, whatever the database or the role has set.
const SESSION = '-c TimeZone=UTC -c DateStyle=ISO -c bytea_output=hex -c extra_float_digits=1';

export interface RdsDataOptions {
  readonly clusterArn: string;
  /** What the database is called, whatever DATABASE_URL calls it. */
  readonly database: string;
  /** The database's URL as the user of each secret, by the secret's ARN. */
  readonly databaseUrls: ReadonlyMap<string, string>;
}

export interface RdsData {
  readonly operations: Readonly<Record<string, (request: RequestBody) => Promise<object>>>;
  /** Requests so far. */
  calls(): number;
  stop(): Promise<void>;
}

interface Transaction {
  readonly secretArn: string;
  readonly client: PoolClient;
  readonly timer: NodeJS.Timeout;
  busy: boolean;
}

type RunQuery = (config: pg.QueryArrayConfig) => Promise<pg.QueryArrayResult>;

// Every value as PostgreSQL's text. The simple protocol, which pg takes without values, runs several statements.
const asText = {
  rowMode: 'array',
  queryMode: 'extended',
  types: { getTypeParser: () => (value: string) => value },
} as const;

/** The RDS Data API in front of a real PostgreSQL, with the Data API's types, limits and error texts. */
export function createRdsData({ clusterArn, database, databaseUrls }: RdsDataOptions): RdsData {
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

  /** One that was begun with another secret is not found either. */
  function openTransaction(id: string, request: RequestBody): Transaction {
    const open = transactions.get(id);
    if (open?.secretArn !== request.text('secretArn'))
      throw new AwsError('TransactionNotFoundException', `Transaction ${id} is not found`, 404);
    if (open.busy) throw new AwsError('DatabaseErrorException', 'Transaction is still running a query');
    return open;
  }

  /** Statements of the request's transaction, which serves one request at a time, or each on a connection of its own. */
  async function withConnection<T>(request: RequestBody, work: (run: RunQuery) => Promise<T>): Promise<T> {
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
  }

  async function end(request: RequestBody, verb: 'commit' | 'rollback', status: string): Promise<object> {
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
      return { transactionStatus: status };
    } catch (error) {
      throw databaseError(error);
    } finally {
      client.release();
    }
  }

  return {
    operations: {
      async ExecuteStatement(request) {
        const options = readAnswerOptions(request);
        const statement = bind(readSql(request), request.list('parameters'));
        return withConnection(request, async (run) =>
          answer(await execute(run, statement), options, (text, values) =>
            execute(run, { text, values: [...values] }),
          ),
        );
      },
      async BatchExecuteStatement(request) {
        const sql = readSql(request);
        const sets = request.list('parameterSets');
        // All are read before the first is run.
        const statements = (sets.length > 0 ? sets : [[]]).map((set) => bind(sql, set));
        return withConnection(request, async (run) => {
          for (const statement of statements) await execute(run, statement);
          return { updateResults: sets.map(() => ({ generatedFields: [] })) };
        });
      },
      async BeginTransaction(request) {
        const pool = poolOf(request);
        const client = await pool.connect().catch((error: unknown) => {
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
        return { transactionId: id };
      },
      CommitTransaction: (request) => end(request, 'commit', 'Transaction Committed'),
      RollbackTransaction: (request) => end(request, 'rollback', 'Rollback Complete'),
    },
    calls: () => calls,
    async stop() {
      for (const { client, timer } of transactions.values()) {
        clearTimeout(timer);
        client.release(true);
      }
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    },
  };
}

function readSql(request: RequestBody): string {
  if (request.has('schema'))
    throw new AwsError('ValidationException', "The schema parameter isn't supported");
  const sql = request.text('sql');
  if (sql.length <= MAX_SQL_CHARACTERS) return sql;
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value at 'sql' failed to satisfy constraint: Member must have length less than or equal to ${MAX_SQL_CHARACTERS}`,
  );
}

function bind(sql: string, parameters: unknown): { text: string; values: unknown[] } {
  if (!Array.isArray(parameters))
    throw new AwsError('SerializationException', 'a parameter set must be a list of parameters');
  return bindParameters(sql, new Map(parameters.map(readParameter)));
}

async function execute(
  run: RunQuery,
  statement: { text: string; values: unknown[] },
): Promise<pg.QueryArrayResult> {
  try {
    return await run({ ...statement, ...asText });
  } catch (error) {
    throw databaseError(error);
  }
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
  // One that breaks while a transaction is open but silent would end the process with its unheard event.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

function databaseError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  if (error instanceof pg.DatabaseError) {
    if (error.message.includes('cannot insert multiple commands')) {
      return new AwsError('ValidationException', "Multistatements aren't supported.");
    }
    // Class 28: an unknown role, a wrong password, a role that may not sign in. 3D000: no such database.
    if (error.code?.startsWith('28') || error.code === '3D000') {
      return new AwsError('BadRequestException', `FATAL: ${error.message}; SQLState: ${error.code}`);
    }
    const position = error.position === undefined ? '' : ` Position: ${error.position};`;
    return new AwsError(
      'DatabaseErrorException',
      `ERROR: ${error.message};${position} SQLState: ${error.code}`,
    );
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new AwsError('DatabaseUnavailableException', `the database does not answer: ${reason}`, 504);
}
