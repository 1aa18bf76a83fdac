import {
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  RollbackTransactionCommand,
} from '@aws-sdk/client-rds-data';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { DatabaseUnavailable } from '../../../../outbox/errors.ts';
import { eventually } from '../../../support/eventually.ts';
import { target, useOutboxDatabase } from '../../../support/outbox-database.ts';

const database = useOutboxDatabase({ empty: true, ownServer: true });
const { resourceArn, secretArn } = target;

const begin = async () =>
  (await database.client.send(new BeginTransactionCommand(target))).transactionId ?? '';
const commit = (transactionId: string) =>
  database.client.send(new CommitTransactionCommand({ resourceArn, secretArn, transactionId }));
const rollback = (transactionId: string) =>
  database.client.send(new RollbackTransactionCommand({ resourceArn, secretArn, transactionId }));
const execute = (sql: string, transactionId?: string) =>
  database.client.send(new ExecuteStatementCommand({ ...target, sql, transactionId }));
const count = async () => (await database.sql('select from numbers')).length;

beforeEach(async () => {
  await database.sql('drop table if exists numbers');
  await database.sql('create table numbers (n integer primary key)');
});

describe('Data API transaction', () => {
  test('the changes of a transaction are visible to others after its commit', async () => {
    const id = await begin();
    await execute('insert into numbers values (1)', id);
    expect(await count()).toBe(0);

    expect(await commit(id)).toMatchObject({ transactionStatus: 'Transaction Committed' });

    expect(await count()).toBe(1);
  });

  test('a transaction that is rolled back changes nothing', async () => {
    const id = await begin();
    await execute('insert into numbers values (1)', id);

    expect(await rollback(id)).toMatchObject({ transactionStatus: 'Rollback Complete' });

    expect(await count()).toBe(0);
  });

  test('a transaction in which a statement failed cannot be committed', async () => {
    const id = await begin();
    await execute('insert into numbers values (1)', id);
    await expect(execute('insert into numbers values (1)', id)).rejects.toThrow(/SQLState: 23505/);
    await expect(execute('select 1', id)).rejects.toThrow(/SQLState: 25P02/);

    await expect(commit(id)).rejects.toMatchObject({ name: 'BadRequestException' });

    expect(await count()).toBe(0);
  });

  test('a transaction cannot be used after its end', async () => {
    const id = await begin();
    await commit(id);

    for (const call of [execute('select 1', id), commit(id), rollback(id)]) {
      await expect(call).rejects.toMatchObject({ name: 'TransactionNotFoundException' });
    }
  });

  test('a transaction runs one statement at a time', async () => {
    const id = await begin();
    const other = await database.connect();
    await other.query('select pg_advisory_lock(1)');
    const running = execute('insert into numbers select 1 from pg_advisory_xact_lock(1)', id);
    const waiting = () => database.sql(`select from pg_locks where locktype = 'advisory' and not granted`);
    await eventually(async () => (await waiting()).length > 0);

    const busy = { name: 'DatabaseErrorException', message: 'Transaction is still running a query' };
    await expect(execute('insert into numbers values (2)', id)).rejects.toMatchObject(busy);
    await expect(commit(id)).rejects.toMatchObject(busy);

    await other.query('select pg_advisory_unlock(1)');
    other.release();
    await running;
    await commit(id);
    expect(await count()).toBe(1);
  });

  test('a transaction with an unknown id is not found', async () => {
    await expect(execute('select 1', 'unknown')).rejects.toMatchObject({
      name: 'TransactionNotFoundException',
      $metadata: { httpStatusCode: 404 },
    });
  });
});

describe("transaction of the outbox's Data API adapter", () => {
  test('the adapter commits the changes of the callback and returns its result', async () => {
    const result = await database.dataApi.transaction(async (inside) => {
      await inside.query('insert into numbers values (1)');
      await inside.batch('insert into numbers values (cast(:n as integer))', [{ n: 2 }, { n: 3 }]);
      return 'done';
    });

    expect([result, await count()]).toEqual(['done', 3]);
  });

  test('the adapter rolls back and throws the same error when the callback throws', async () => {
    const error = new Error('changed my mind');

    await expect(
      database.dataApi.transaction(async (inside) => {
        await inside.query('insert into numbers values (1)');
        throw error;
      }),
    ).rejects.toBe(error);

    expect(await count()).toBe(0);
  });

  test('the adapter releases every connection, whether the callback succeeds or fails', async () => {
    for (let round = 0; round < 25; round += 1) {
      await expect(
        database.dataApi.transaction((inside) => inside.query(round % 2 ? 'select 1 / 0' : 'nonsense')),
      ).rejects.toThrow(/SQLState/);
    }

    const idle = await database.sql(
      `select from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
    );
    expect(idle).toEqual([]);
  });
});

describe('lost database', () => {
  test('a transaction whose connection was cut is refused, and the next one works', async () => {
    const id = await begin();
    await execute('insert into numbers values (1)', id);
    await database.sql(
      `select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction'`,
    );

    await expect(execute('select 1', id)).rejects.toThrow();
    await expect(commit(id)).rejects.toThrow();

    expect(await count()).toBe(0);
    expect((await execute('select 1')).records).toEqual([[{ longValue: 1 }]]);
  });

  // The last test of this file, because it stops the database.
  test('every call fails as unavailable when the server is stopped, also in an open transaction', async () => {
    const id = await begin();
    await database.stopPostgres();

    const unavailable = { name: 'DatabaseUnavailableException', $metadata: { httpStatusCode: 504 } };
    await expect(execute('select 1', id)).rejects.toMatchObject(unavailable);
    await expect(commit(id)).rejects.toMatchObject(unavailable);
    for (const call of [execute('select 1'), begin()]) await expect(call).rejects.toMatchObject(unavailable);
    await expect(database.dataApi.query('select 1')).rejects.toThrow(DatabaseUnavailable);
  });
});
