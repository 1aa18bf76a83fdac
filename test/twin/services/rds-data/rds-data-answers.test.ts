import {
  BatchExecuteStatementCommand,
  BeginTransactionCommand,
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  RollbackTransactionCommand,
} from '@aws-sdk/client-rds-data';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { target, useOutboxDatabase } from '../../../support/outbox-database.ts';

const database = useOutboxDatabase({ empty: true });

const execute = (sql: string, options: Partial<ExecuteStatementCommandInput> = {}) =>
  database.client.send(new ExecuteStatementCommand({ ...target, sql, ...options }));

beforeEach(async () => {
  await database.sql('drop table if exists numbers');
  await database.sql('create table numbers (n integer)');
  await database.sql('insert into numbers values (1), (2), (3)');
});

const numbers = async () => (await database.sql('select n from numbers order by n')).map(({ n }) => n);

describe('result of a statement', () => {
  test('a result has the number of changed rows, and 0 for a select', async () => {
    expect((await execute('update numbers set n = n + 1')).numberOfRecordsUpdated).toBe(3);
    expect((await execute('delete from numbers where n > 3')).numberOfRecordsUpdated).toBe(1);
    expect((await execute('select * from numbers')).numberOfRecordsUpdated).toBe(0);
  });

  test('a result has the rows of a returning clause', async () => {
    expect(await execute('delete from numbers where n = 1 returning n')).toMatchObject({
      numberOfRecordsUpdated: 1,
      records: [[{ longValue: 1 }]],
    });
  });

  test('a select that finds nothing has an empty list of records, and an update has no records', async () => {
    expect((await execute('select n from numbers where n = 9')).records).toEqual([]);
    expect((await execute('update numbers set n = 9')).records).toBeUndefined();
  });

  test('a result has JSON instead of records on request', async () => {
    const { records, formattedRecords = '' } = await execute(
      `select n, n > 1 as big, cast(null as text) as nothing from numbers order by n limit 2`,
      { formatRecordsAs: 'JSON' },
    );

    expect(records).toBeUndefined();
    expect(JSON.parse(formattedRecords)).toEqual([
      { n: 1, big: false, nothing: null },
      { n: 2, big: true, nothing: null },
    ]);
  });

  test('a change with a returning clause gives records although JSON was requested', async () => {
    expect(
      await execute('update numbers set n = 5 where n = 1 returning n', { formatRecordsAs: 'JSON' }),
    ).toMatchObject({ records: [[{ longValue: 5 }]] });
  });

  test('a result has the metadata of its columns on request, in the form of the JDBC driver', async () => {
    const sql = 'select * from columns';
    await database.sql('drop table if exists columns');
    await database.sql(`
      create table columns (id bigserial primary key, n integer not null, price numeric(8, 2), name varchar(20),
        at timestamptz(3), tags text[], big text)`);

    expect((await execute(sql)).columnMetadata).toBeUndefined();
    const { columnMetadata = [], records } = await execute(sql, { includeResultMetadata: true });

    expect(records).toEqual([]);
    expect(columnMetadata[0]).toEqual({
      arrayBaseColumnType: 0,
      isAutoIncrement: true,
      isCaseSensitive: false,
      isCurrency: false,
      isSigned: true,
      label: 'id',
      name: 'id',
      nullable: 0,
      precision: 19,
      scale: 0,
      schemaName: '',
      tableName: 'columns',
      type: -5,
      typeName: 'bigserial',
    });
    expect(columnMetadata.slice(1)).toMatchObject([
      { typeName: 'int4', type: 4, nullable: 0, precision: 10, isAutoIncrement: false },
      { typeName: 'numeric', type: 2, nullable: 1, precision: 8, scale: 2 },
      { typeName: 'varchar', type: 12, precision: 20, isCaseSensitive: true, isSigned: false },
      { typeName: 'timestamptz', type: 93, precision: 32, scale: 3 },
      { typeName: '_text', type: 2003, arrayBaseColumnType: 12 },
      { typeName: 'text', type: 12, precision: 2147483647, scale: 0 },
    ]);
  });

  test('a result has the metadata of columns that belong to no table', async () => {
    const { columnMetadata } = await execute(
      `select 'x' as label, count(*), cast(1 as numeric) from numbers`,
      {
        includeResultMetadata: true,
      },
    );

    expect(columnMetadata).toMatchObject([
      { name: 'label', label: 'label', typeName: 'text', tableName: '', nullable: 2 },
      { name: 'count', typeName: 'int8', type: -5 },
      { name: 'numeric', typeName: 'numeric', precision: 0, scale: 0 },
    ]);
  });

  test('a result may have a type that was created in the same transaction', async () => {
    const { resourceArn, secretArn } = target;
    const { transactionId } = await database.client.send(new BeginTransactionCommand(target));
    await execute(`create type colour as enum ('red')`, { transactionId });

    const { records, columnMetadata } = await execute(`select array['red']::colour[], 'red'::colour`, {
      transactionId,
      includeResultMetadata: true,
    });
    await database.client.send(new RollbackTransactionCommand({ resourceArn, secretArn, transactionId }));

    expect(records).toEqual([[{ arrayValue: { stringValues: ['red'] } }, { stringValue: 'red' }]]);
    expect(columnMetadata).toMatchObject([
      { typeName: '_colour', type: 2003 },
      { typeName: 'colour', type: 12 },
    ]);
  });

  test('JSON has arrays as arrays, bytes in base64, and numerics as text or, on request, as numbers', async () => {
    const sql = `select array[1, null] as list, cast('\\x00ff' as bytea) as bytes, 1.10 as price, 7.0::numeric(2) as whole`;
    const json = async (options: Partial<ExecuteStatementCommandInput>) =>
      (await execute(sql, { formatRecordsAs: 'JSON', ...options })).formattedRecords;

    expect(await json({})).toBe('[{"list":[1,null],"bytes":"AP8=","price":"1.10","whole":"7"}]');
    expect(await json({ resultSetOptions: { decimalReturnType: 'DOUBLE_OR_LONG' } })).toBe(
      '[{"list":[1,null],"bytes":"AP8=","price":1.1,"whole":7}]',
    );
  });
});

describe('batch of statements', () => {
  test('a batch runs the statement for each set of parameters', async () => {
    await database.dataApi.batch('insert into numbers values (cast(:n as integer))', [{ n: 10 }, { n: 11 }]);

    expect(await numbers()).toEqual([1, 2, 3, 10, 11]);
  });

  test('a batch with a malformed parameter runs nothing', async () => {
    await expect(
      database.client.send(
        new BatchExecuteStatementCommand({
          ...target,
          sql: 'insert into numbers values (:n)',
          parameterSets: [
            [{ name: 'n', value: { longValue: 10 } }],
            [{ name: 'n', value: { longValue: 'ten' as never } }],
          ],
        }),
      ),
    ).rejects.toMatchObject({ name: 'SerializationException' });

    expect(await numbers()).toEqual([1, 2, 3]);
  });

  test('a batch without parameter sets runs the statement once', async () => {
    await database.client.send(
      new BatchExecuteStatementCommand({ ...target, sql: 'insert into numbers values (10)' }),
    );

    expect(await numbers()).toEqual([1, 2, 3, 10]);
  });
});

describe('refused statement', () => {
  test.each([
    ['several statements', 'delete from numbers; delete from numbers'],
    ['several statements behind a comment', '/* one */ select 1; /* two */ delete from numbers'],
  ])('a request with %s is refused, and none of the statements is run', async (_, sql) => {
    await expect(execute(sql)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('Multistatements'),
    });
    expect(await numbers()).toEqual([1, 2, 3]);
  });

  test('an error of the database is returned with its text, position and SQLState', async () => {
    await expect(execute('select * from nowhere')).rejects.toMatchObject({
      name: 'DatabaseErrorException',
      message: 'ERROR: relation "nowhere" does not exist; Position: 15; SQLState: 42P01',
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('a statement for another cluster is refused', async () => {
    await expect(execute('select 1', { resourceArn: `${target.resourceArn}-other` })).rejects.toMatchObject({
      name: 'BadRequestException',
      message: expect.stringContaining('HttpEndpoint is not enabled'),
    });
  });

  test('a statement for a database that does not exist is refused', async () => {
    await expect(execute('select 1', { database: 'nowhere' })).rejects.toMatchObject({
      name: 'BadRequestException',
      message: 'FATAL: database "nowhere" does not exist; SQLState: 3D000',
    });
    expect((await execute('select current_database()::text', { database: 'template1' })).records).toEqual([
      [{ stringValue: 'template1' }],
    ]);
  });

  test.each<[string, Partial<ExecuteStatementCommandInput>, string]>([
    ['a schema', { schema: 'public' }, "The schema parameter isn't supported"],
    ['an unknown format', { formatRecordsAs: 'XML' as never }, "Value 'XML' at 'formatRecordsAs' failed"],
    [
      'an unknown option for the result',
      { resultSetOptions: { longReturnType: 'DOUBLE' as never } },
      'Member must satisfy enum value set: [STRING, LONG]',
    ],
    [
      'more than 65,536 characters',
      { sql: `select '${'x'.repeat(65_536)}'` },
      'Member must have length less than or equal to 65536',
    ],
  ])('a statement is refused with %s', async (_, options, message) => {
    await expect(execute('select 1', options)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(message),
    });
  });

  test('a statement with an unknown secret is refused', async () => {
    await expect(execute('select 1', { secretArn: `${target.secretArn}-other` })).rejects.toMatchObject({
      name: 'SecretsErrorException',
    });
  });
});

describe('size limits', () => {
  const kilobytes = 1024;

  test('a row may have 64 KB', async () => {
    const select = (bytes: number) => execute(`select repeat('x', ${bytes})`);

    expect((await select(64 * kilobytes)).records).toHaveLength(1);
    await expect(select(64 * kilobytes + 1)).rejects.toMatchObject({ name: 'BadRequestException' });
  });

  test('the limit of 64 KB counts the bytes of all columns of a row together', async () => {
    await expect(execute(`select repeat('é', 17000), repeat('é', 17000)`)).rejects.toThrow(/64 KB/);
  });

  test('an answer may have 1 MiB', async () => {
    const select = (rows: number) => execute(`select repeat('x', 60000) from generate_series(1, ${rows})`);

    expect((await select(17)).records).toHaveLength(17);
    await expect(select(18)).rejects.toMatchObject({
      name: 'BadRequestException',
      message: 'Database returned more than the allowed response size limit',
    });
  });

  test('a request may have 4 MiB', async () => {
    const select = (bytes: number) =>
      execute('select octet_length(:text)', {
        parameters: [{ name: 'text', value: { stringValue: 'x'.repeat(bytes) } }],
      });

    expect((await select(4 * kilobytes * kilobytes - 1000)).records).toEqual([[{ longValue: 4193304 }]]);
    await expect(select(4 * kilobytes * kilobytes)).rejects.toMatchObject({
      $metadata: { httpStatusCode: 413 },
    });
    await expect(select(12 * kilobytes * kilobytes)).rejects.toMatchObject({
      $metadata: { httpStatusCode: 413 },
    });
  });
});
