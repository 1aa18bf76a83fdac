import {
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  type SqlParameter,
} from '@aws-sdk/client-rds-data';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { target, useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase({ empty: true });
const id = '0192f3a4-0000-7000-8000-000000000001';

const execute = (
  sql: string,
  parameters: SqlParameter[] = [],
  options: Partial<ExecuteStatementCommandInput> = {},
) => database.client.send(new ExecuteStatementCommand({ ...target, sql, parameters, ...options }));

/** The first row's fields. */
async function fields(sql: string, parameters: SqlParameter[] = []) {
  const { records } = await execute(sql, parameters);
  return records?.[0];
}

beforeEach(async () => {
  await database.sql('drop table if exists things');
  await database.sql('create table things (id uuid primary key, name text, price numeric, at timestamptz)');
});

describe('a column comes back', () => {
  test.each([
    ['an integer as a long', 'cast(7 as integer)', { longValue: 7 }],
    ['a bigint as a long', 'cast(9007199254740991 as bigint)', { longValue: 9007199254740991 }],
    ['a negative bigint as a long', 'cast(-9007199254740991 as bigint)', { longValue: -9007199254740991 }],
    ['a double as a double', 'cast(1.5 as double precision)', { doubleValue: 1.5 }],
    ['a numeric as its text', 'cast(1.10 as numeric)', { stringValue: '1.10' }],
    ['a long numeric as its text', '12345678901234567890.5', { stringValue: '12345678901234567890.5' }],
    ['a boolean as a boolean', 'false', { booleanValue: false }],
    ['null as isNull', 'cast(null as text)', { isNull: true }],
    ['a text', `'a😀é'`, { stringValue: 'a😀é' }],
    ['a uuid as its text', `cast('${id}' as uuid)`, { stringValue: id }],
    ['jsonb as its text', `cast('{"b":1.10,"a":[]}' as jsonb)`, { stringValue: '{"a": [], "b": 1.10}' }],
    [
      'a timestamptz in UTC without an offset',
      `cast('2026-03-01 12:00:00.5+02' as timestamptz)`,
      { stringValue: '2026-03-01 10:00:00.5' },
    ],
  ])('%s', async (_, sql, field) => {
    expect(await fields(`select ${sql}`)).toEqual([field]);
  });

  test('bytea as bytes', async () => {
    const [field] = (await fields(`select cast('\\x00ff10' as bytea)`)) ?? [];

    expect([...(field?.blobValue ?? [])]).toEqual([0, 255, 16]);
  });
});

describe('a parameter arrives', () => {
  test.each<[string, SqlParameter, string, string | null]>([
    ['a string as varchar', { value: { stringValue: `it's "😀" :x` } }, 'character varying', `it's "😀" :x`],
    ['a long as bigint', { value: { longValue: 9007199254740991 } }, 'bigint', '9007199254740991'],
    ['a double', { value: { doubleValue: 0.1 } }, 'double precision', '0.1'],
    ['a boolean', { value: { booleanValue: true } }, 'boolean', 'true'],
    ['bytes as bytea', { value: { blobValue: Uint8Array.of(0, 255) } }, 'bytea', '\\x00ff'],
    ['null', { value: { isNull: true } }, 'text', null],
    ['hinted UUID', { value: { stringValue: id }, typeHint: 'UUID' }, 'uuid', id],
    ['hinted JSON', { value: { stringValue: '{"a":1.10}' }, typeHint: 'JSON' }, 'jsonb', '{"a": 1.10}'],
    ['hinted DECIMAL', { value: { stringValue: '1.10' }, typeHint: 'DECIMAL' }, 'numeric', '1.10'],
    ['hinted DATE', { value: { stringValue: '2026-03-01' }, typeHint: 'DATE' }, 'date', '2026-03-01'],
    [
      'hinted TIME',
      { value: { stringValue: '10:00:01' }, typeHint: 'TIME' },
      'time without time zone',
      '10:00:01',
    ],
    [
      'hinted TIMESTAMP',
      { value: { stringValue: '2026-03-01 10:00:00.5' }, typeHint: 'TIMESTAMP' },
      'timestamp without time zone',
      '2026-03-01 10:00:00.5',
    ],
    ['a hinted null', { value: { isNull: true }, typeHint: 'UUID' }, 'uuid', null],
  ])('%s', async (_, parameter, type, text) => {
    const row = await fields('select cast(pg_typeof(:p) as text), cast(:p as text)', [
      { name: 'p', ...parameter },
    ]);

    expect(row).toEqual([{ stringValue: type }, text === null ? { isNull: true } : { stringValue: text }]);
  });
});

describe('a uuid', () => {
  const named = (value: Omit<SqlParameter, 'name'>) => [{ name: 'id', ...value }];

  test('compared with a plain string fails as it does on AWS', async () => {
    await expect(
      execute('select * from things where id = :id', named({ value: { stringValue: id } })),
    ).rejects.toMatchObject({
      name: 'DatabaseErrorException',
      message: expect.stringMatching(
        /^ERROR: operator does not exist: uuid = character varying; .*SQLState: 42883$/,
      ),
    });
  });

  test('takes a hint or a cast', async () => {
    await database.sql('insert into things (id) values ($1)', [id]);

    const hinted = await execute(
      'select id from things where id = :id',
      named({ value: { stringValue: id }, typeHint: 'UUID' }),
    );
    const cast = await execute(
      'select id from things where id = cast(:id as uuid)',
      named({ value: { stringValue: id } }),
    );

    expect(hinted.records).toEqual([[{ stringValue: id }]]);
    expect(cast.records).toEqual(hinted.records);
  });
});

describe('a parameter is refused', () => {
  test.each<[string, SqlParameter[], RegExp]>([
    [
      'an array',
      [{ name: 'p', value: { arrayValue: { stringValues: ['a'] } } }],
      /Array parameters are not supported/,
    ],
    ['one that is missing', [{ name: 'q', value: { stringValue: 'a' } }], /Cannot find parameter: p/],
    ['one without a value', [{ name: 'p' }], /needs a name and a value/],
    [
      'one with an unknown hint',
      [{ name: 'p', value: { stringValue: 'a' }, typeHint: 'INET' as 'UUID' }],
      /typeHint/,
    ],
  ])('%s', async (_, parameters, message) => {
    await expect(execute('select :p', parameters)).rejects.toMatchObject({
      name: 'BadRequestException',
      message: expect.stringMatching(message),
    });
  });
});

describe('what looks like a parameter is left alone', () => {
  test.each([
    ['in a string', `select ':p'`, ':p'],
    ['in a string with a quote in it', `select 'it''s :p'`, `it's :p`],
    ['in a string of escapes', `select e'it\\'s :p'`, `it's :p`],
    ['in a quoted name', `select "a:p" from (values ('x')) as v("a:p")`, 'x'],
    ['in a line of comment', `select 'x' -- it's :p\n`, 'x'],
    ['in a comment', `select /* it's :p */ 'x'`, 'x'],
    ['in dollar quotes', 'select $$it is :p$$', 'it is :p'],
    ['in tagged dollar quotes', 'select $tag$it $$ is :p$tag$', 'it $$ is :p'],
    ['after the colons of a cast', `select 'x'::text`, 'x'],
    ['in an array slice', `select cast((array['x', 'y'])[1:1] as text)`, '{x}'],
  ])('%s', async (_, sql, value) => {
    expect(await fields(sql)).toEqual([{ stringValue: value }]);
  });

  test('even when a parameter stands beside it and comes twice', async () => {
    const row = await fields(`select :p || ':p' || :p || $$:p$$ /* :p */`, [
      { name: 'p', value: { stringValue: 'x' } },
    ]);

    expect(row).toEqual([{ stringValue: 'x:px:p' }]);
  });
});
