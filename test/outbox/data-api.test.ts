import {
  BatchExecuteStatementCommand,
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  RDSDataClient,
  RollbackTransactionCommand,
} from '@aws-sdk/client-rds-data';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { createDataApi } from '../../outbox/data-api.ts';
import { DatabaseRefused, DatabaseUnavailable } from '../../outbox/errors.ts';
import { networkError, serviceError } from '../support/service-error.ts';

const client = new RDSDataClient({ region: 'us-east-1' });
const rdsData = mockClient(client);
const target = { resourceArn: 'arn:cluster', secretArn: 'arn:secret', database: 'outbox' };
const database = createDataApi(client, target);

const commands = () => rdsData.calls().map((call) => call.args[0].constructor.name);

beforeEach(() => {
  rdsData.reset();
  rdsData.on(ExecuteStatementCommand).resolves({ records: [] });
  rdsData.on(BeginTransactionCommand).resolves({ transactionId: 'tx-1' });
  rdsData.on(CommitTransactionCommand).resolves({});
  rdsData.on(RollbackTransactionCommand).resolves({});
});

describe('a query', () => {
  test('a query sends each parameter as the field of its type', async () => {
    await database.query('select :a', { a: 'text', b: 7, c: 0.5, d: true, e: false, f: null, g: '', h: 0 });

    expect(rdsData.commandCalls(ExecuteStatementCommand)[0]?.args[0].input).toEqual({
      ...target,
      sql: 'select :a',
      parameters: [
        { name: 'a', value: { stringValue: 'text' } },
        { name: 'b', value: { longValue: 7 } },
        { name: 'c', value: { doubleValue: 0.5 } },
        { name: 'd', value: { booleanValue: true } },
        { name: 'e', value: { booleanValue: false } },
        { name: 'f', value: { isNull: true } },
        { name: 'g', value: { stringValue: '' } },
        { name: 'h', value: { longValue: 0 } },
      ],
    });
  });

  test('a query decodes each field, including empty and zero values', async () => {
    const bytes = new Uint8Array([1, 2]);
    rdsData.on(ExecuteStatementCommand).resolves({
      records: [
        [{ stringValue: '' }, { longValue: 0 }, { booleanValue: false }, { doubleValue: 0 }],
        [{ isNull: true }, { blobValue: bytes }],
      ],
    });

    expect(await database.query('select')).toEqual([
      ['', 0, false, 0],
      [null, bytes],
    ]);
  });

  test('a query without records returns no rows', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ numberOfRecordsUpdated: 3 });

    expect(await database.query('update')).toEqual([]);
  });

  test('a query refuses a field of an unknown type instead of guessing', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [[{ arrayValue: { longValues: [1] } }]] });

    await expect(database.query('select')).rejects.toThrow(DatabaseRefused);
  });

  test.each([
    [serviceError('DatabaseResumingException', 400), DatabaseUnavailable],
    [serviceError('DatabaseErrorException', 400, 'ERROR: deadlock; SQLState: 40P01'), DatabaseUnavailable],
    [networkError('ECONNRESET'), DatabaseUnavailable],
    [serviceError('SecretsErrorException', 400), DatabaseUnavailable],
    [serviceError('DatabaseErrorException', 400, 'ERROR: no such table; SQLState: 42P01'), DatabaseRefused],
    [serviceError('AccessDeniedException', 403), DatabaseRefused],
  ])('a query wraps %s and keeps it as the cause', async (cause, errorClass) => {
    rdsData.on(ExecuteStatementCommand).rejects(cause);

    const error: unknown = await database.query('select').catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(errorClass);
    expect(error).toMatchObject({
      name: errorClass.name,
      message: `${cause.name}: ${cause.message}`,
      cause,
    });
  });
});

describe('a batch', () => {
  test('a batch sends all parameter sets in one request', async () => {
    rdsData.on(BatchExecuteStatementCommand).resolves({});

    await database.batch('insert', [{ id: 'a' }, { id: 'b' }]);

    expect(rdsData.commandCalls(BatchExecuteStatementCommand)[0]?.args[0].input).toEqual({
      ...target,
      sql: 'insert',
      parameterSets: [
        [{ name: 'id', value: { stringValue: 'a' } }],
        [{ name: 'id', value: { stringValue: 'b' } }],
      ],
    });
  });

  test('a batch wraps what the service throws', async () => {
    rdsData.on(BatchExecuteStatementCommand).rejects(serviceError('ServiceUnavailableError', 503));

    await expect(database.batch('insert', [])).rejects.toThrow(DatabaseUnavailable);
  });
});

describe('a transaction', () => {
  test('a transaction runs its statements under its id, commits and returns the result of the work', async () => {
    const result = await database.transaction(async (inside) => {
      await inside.query('select 1');
      return 'done';
    });

    expect(result).toBe('done');
    expect(commands()).toEqual([
      'BeginTransactionCommand',
      'ExecuteStatementCommand',
      'CommitTransactionCommand',
    ]);
    expect(rdsData.commandCalls(ExecuteStatementCommand)[0]?.args[0].input).toMatchObject({
      transactionId: 'tx-1',
    });
    expect(rdsData.commandCalls(CommitTransactionCommand)[0]?.args[0].input).toEqual({
      resourceArn: 'arn:cluster',
      secretArn: 'arn:secret',
      transactionId: 'tx-1',
    });
  });

  test('a statement outside of the transaction has no transaction id', async () => {
    await database.transaction(async () => undefined);
    await database.query('select 1');

    expect(rdsData.commandCalls(ExecuteStatementCommand)[0]?.args[0].input).not.toHaveProperty(
      'transactionId',
    );
  });

  test('a transaction is rolled back when the work throws, and rejects with the error of the work', async () => {
    const thrown = new Error('the work failed');

    await expect(database.transaction(() => Promise.reject(thrown))).rejects.toBe(thrown);

    expect(commands()).toEqual(['BeginTransactionCommand', 'RollbackTransactionCommand']);
  });

  test('a transaction rejects with the error of the work even when the rollback fails too', async () => {
    const thrown = new Error('the work failed');
    rdsData.on(RollbackTransactionCommand).rejects(serviceError('TransactionNotFoundException', 404));

    await expect(database.transaction(() => Promise.reject(thrown))).rejects.toBe(thrown);
  });

  test('a transaction that cannot be committed is rolled back and reports why', async () => {
    rdsData.on(CommitTransactionCommand).rejects(serviceError('DatabaseUnavailableException', 504));

    await expect(database.transaction(async () => 'done')).rejects.toThrow(DatabaseUnavailable);

    expect(commands().at(-1)).toBe('RollbackTransactionCommand');
  });

  test('a transaction that cannot begin does not start the work', async () => {
    rdsData.on(BeginTransactionCommand).rejects(serviceError('ForbiddenException', 403));
    let worked = false;

    const transaction = database.transaction(async () => {
      worked = true;
    });

    await expect(transaction).rejects.toThrow(DatabaseRefused);
    expect(worked).toBe(false);
  });
});
