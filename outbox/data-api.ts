import {
  BatchExecuteStatementCommand,
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  type Field,
  type RDSDataClient,
  RollbackTransactionCommand,
  type SqlParameter,
} from '@aws-sdk/client-rds-data';
import { classifyDataApiError } from './classify-failure.ts';
import { DatabaseRefused, DatabaseUnavailable } from './errors.ts';

export type SqlValue = string | number | boolean | null;
export type Row = readonly (SqlValue | Uint8Array)[];

/** Runs SQL through the RDS Data API. Every call is one statement; parameters are `:named`. */
export interface DataApi {
  /** @throws DatabaseUnavailable when the same call may succeed later, DatabaseRefused when it never will. */
  query(
    sql: string,
    parameters?: Readonly<Record<string, SqlValue>>,
    options?: QueryOptions,
  ): Promise<readonly Row[]>;
}

export interface QueryOptions {
  /** A call fails after 45 seconds, and ends its statement unless this is set. For the build of an index. */
  readonly continueAfterTimeout?: boolean;
}

/** A Data API that can also keep a transaction open: for migrations, and for producers of many events. */
export interface TransactionalDataApi extends DataApi {
  /** Runs one statement for every set of parameters, in one request of at most 4 MiB. */
  batch(sql: string, parameterSets: readonly Readonly<Record<string, SqlValue>>[]): Promise<void>;
  /** Commits what `work` did, or rolls it back when `work` throws. */
  transaction<T>(work: (inside: TransactionalDataApi) => Promise<T>): Promise<T>;
}

export interface Database {
  readonly resourceArn: string;
  readonly secretArn: string;
  readonly database: string;
}

export function createDataApi(
  client: RDSDataClient,
  database: Database,
  transactionId?: string,
): TransactionalDataApi {
  const target = { ...database, ...(transactionId !== undefined && { transactionId }) };
  return {
    async query(sql, parameters = {}, options = {}) {
      const command = new ExecuteStatementCommand({
        ...target,
        ...options,
        sql,
        parameters: encode(parameters),
      });
      const { records = [] } = await classified(() => client.send(command));
      return records.map((record) => record.map(decode));
    },
    async batch(sql, parameterSets) {
      const sets = parameterSets.map(encode);
      const command = new BatchExecuteStatementCommand({ ...target, sql, parameterSets: sets });
      await classified(() => client.send(command));
    },
    async transaction(work) {
      const begun = await classified(() => client.send(new BeginTransactionCommand(database)));
      const { resourceArn, secretArn } = database;
      const transaction = { resourceArn, secretArn, transactionId: begun.transactionId };
      try {
        const result = await work(createDataApi(client, database, begun.transactionId));
        await classified(() => client.send(new CommitTransactionCommand(transaction)));
        return result;
      } catch (error) {
        // A statement that failed may have ended the transaction already; report the first error.
        await client.send(new RollbackTransactionCommand(transaction)).catch(() => undefined);
        throw error;
      }
    },
  };
}

async function classified<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw classifyDataApiError(error) === 'transient'
      ? new DatabaseUnavailable(reason, { cause: error })
      : new DatabaseRefused(reason, { cause: error });
  }
}

function encode(parameters: Readonly<Record<string, SqlValue>>): SqlParameter[] {
  return Object.entries(parameters).map(([name, value]) => ({ name, value: field(value) }));
}

function field(value: SqlValue): Field {
  if (value === null) return { isNull: true };
  if (typeof value === 'boolean') return { booleanValue: value };
  if (typeof value === 'string') return { stringValue: value };
  return Number.isInteger(value) ? { longValue: value } : { doubleValue: value };
}

function decode(value: Field): SqlValue | Uint8Array {
  if (value.isNull) return null;
  const decoded =
    value.stringValue ?? value.longValue ?? value.booleanValue ?? value.doubleValue ?? value.blobValue;
  if (decoded === undefined)
    throw new DatabaseRefused('unsupported type in the answer: cast the column to text');
  return decoded;
}
