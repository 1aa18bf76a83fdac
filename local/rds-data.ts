import { randomUUID } from 'node:crypto';
import pg, { type PoolClient } from 'pg';
import { AwsError } from './aws-error.ts';
import { rowBytes, toField, toJsonRecords, toMetadata } from './data-api-fields.ts';
import type { RequestBody } from './request.ts';
import { bindParameters, readParameter } from './sql-parameters.ts';

// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.limitations.html
const MAX_RESPONSE_BYTES = 1024 * 1024;
const MAX_ROW_BYTES = 64 * 1024;
const IDLE_TRANSACTION_MS = 180_000;

// The service ends a statement after 45 seconds. As an option of the connection, the limit would also replace the
// shorter one that a role may have.
const LIMIT_STATEMENTS = `
  select set_config('statement_timeout', '45s', false) from pg_settings
  where name = 'statement_timeout' and setting::integer not between 1 and 45000`;

// What the service's driver asks for or decodes by itself, whatever the database or the role has set.
const SESSION = '-c TimeZone=UTC -c DateStyle=ISO -c bytea_output=hex -c extra_float_digits=1';

export interface RdsDataOptions {
  readonly clusterArn: string;
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
  readonly pool: pg.Pool;
  readonly client: PoolClient;
  readonly timer: NodeJS.Timeout;
}

/** The RDS Data API in front of a real PostgreSQL, with the Data API's types, limits and error texts. */
export function createRdsData({ clusterArn, databaseUrls }: RdsDataOptions): RdsData {
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
    const pool = pools.get(secretArn) ?? createPool(url);
    pools.set(secretArn, pool);
    return pool;
  }

  /** One that was begun with another secret is not found either. */
  function openTransaction(id: string, pool: pg.Pool): Transaction {
    const open = transactions.get(id);
    if (open?.pool !== pool)
      throw new AwsError('TransactionNotFoundException', `Transaction ${id} is not found`, 404);
    return open;
  }

  async function run(
    request: RequestBody,
    pool: pg.Pool,
    parameters: readonly unknown[],
  ): Promise<pg.QueryArrayResult> {
    const { text, values } = bindParameters(request.text('sql'), new Map(parameters.map(readParameter)));
    const id = request.optionalText('transactionId');
    const query = {
      text,
      values,
      rowMode: 'array',
      queryMode: 'extended', // the simple protocol, which pg takes without values, runs several statements
      types: { getTypeParser: () => (value: string) => value },
    } as const;
    try {
      if (id === undefined) return await pool.query(query);
      const { client, timer } = openTransaction(id, pool);
      timer.refresh();
      return await client.query(query);
    } catch (error) {
      throw databaseError(error);
    }
  }

  async function end(request: RequestBody, verb: 'commit' | 'rollback', status: string): Promise<object> {
    const id = request.text('transactionId');
    const { client, timer } = openTransaction(id, poolOf(request));
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
      async Execute(request) {
        return answer(request, await run(request, poolOf(request), request.list('parameters')));
      },
      async BatchExecute(request) {
        const pool = poolOf(request);
        const sets = request.list('parameterSets');
        for (const set of sets.length > 0 ? sets : [[]]) await run(request, pool, set as unknown[]);
        return { updateResults: sets.map(() => ({ generatedFields: [] })) };
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
        transactions.set(id, { pool, client, timer });
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

function answer(request: RequestBody, result: pg.QueryArrayResult): object {
  const rows = (result.rows as (string | null)[][]).map((row) =>
    row.map((value, index) => toField(value, result.fields[index] as pg.FieldDef)),
  );
  if (rows.some((row) => rowBytes(row) > MAX_ROW_BYTES)) {
    throw new AwsError(
      'BadRequestException',
      'Packet for query is too large: a row of the result exceeds 64 KB',
    );
  }
  const selected = result.command === 'SELECT';
  const asJson = selected && request.optionalText('formatRecordsAs') === 'JSON';
  const response = {
    generatedFields: [],
    numberOfRecordsUpdated: selected ? 0 : (result.rowCount ?? 0),
    ...(request.flag('includeResultMetadata') && { columnMetadata: toMetadata(result.fields) }),
    ...(asJson && { formattedRecords: toJsonRecords(rows, result.fields) }),
    ...(!asJson && result.fields.length > 0 && { records: rows }),
  };
  if (Buffer.byteLength(JSON.stringify(response), 'utf8') > MAX_RESPONSE_BYTES) {
    throw new AwsError('BadRequestException', 'Database returned more than the allowed response size limit');
  }
  return response;
}

function databaseError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  if (error instanceof pg.DatabaseError) {
    if (error.message.includes('cannot insert multiple commands')) {
      return new AwsError('ValidationException', "Multistatements aren't supported.");
    }
    // Class 28: an unknown role, a wrong password, a role that may not sign in.
    if (error.code?.startsWith('28')) {
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
