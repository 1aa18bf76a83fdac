import {
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  type SqlParameter,
} from '@aws-sdk/client-rds-data';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { target, useOutboxDatabase } from '../../../support/outbox-database.ts';

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

describe('result columns', () => {
  test.each([
    ['an integer as a long', 'cast(7 as integer)', { longValue: 7 }],
    ['a bigint as a long', 'cast(9007199254740991 as bigint)', { longValue: 9007199254740991 }],
    ['a negative bigint as a long', 'cast(-9007199254740991 as bigint)', { longValue: -9007199254740991 }],
    ['a double as a double', 'cast(1.5 as double precision)', { doubleValue: 1.5 }],
    ['a numeric as its text', 'cast(1.10 as numeric)', { stringValue: '1.10' }],
    ['a long numeric as its text', '12345678901234567890.5', { stringValue: '12345678901234567890.5' }],
    ['a boolean as a boolean', 'false', { booleanValue: false }],
    ['null as a field with isNull', 'cast(null as text)', { isNull: true }],
    ['a text as a text', `'a😀é'`, { stringValue: 'a😀é' }],
    ['a uuid as its text', `cast('${id}' as uuid)`, { stringValue: id }],
    ['jsonb as its text', `cast('{"b":1.10,"a":[]}' as jsonb)`, { stringValue: '{"a": [], "b": 1.10}' }],
    [
      'a timestamptz in UTC without an offset',
      `cast('2026-03-01 12:00:00.5+02' as timestamptz)`,
      { stringValue: '2026-03-01 10:00:00.5' },
    ],
  ])('a column is returned: %s', async (_, sql, field) => {
    expect(await fields(`select ${sql}`)).toEqual([field]);
  });

  test.each([
    ['a smallint as a long', 'cast(-7 as smallint)', { longValue: -7 }],
    ['an oid as a long', 'cast(4294967295 as oid)', { longValue: 4294967295 }],
    ['a real as a double', 'cast(1.5 as real)', { doubleValue: 1.5 }],
    [
      'json as the text that was written',
      `cast('{"b": 1,  "a":[]}' as json)`,
      { stringValue: '{"b": 1,  "a":[]}' },
    ],
    ['a name as its text', `cast('n' as name)`, { stringValue: 'n' }],
    ['a char with its padding', `cast('x' as char(3))`, { stringValue: 'x  ' }],
    ['a date as a text', `cast('2026-03-01' as date)`, { stringValue: '2026-03-01' }],
    ['a time as a text', `cast('10:00:01.5' as time)`, { stringValue: '10:00:01.5' }],
    [
      'a timestamp as a text',
      `cast('2026-03-01 10:00' as timestamp)`,
      { stringValue: '2026-03-01 10:00:00' },
    ],
    ['an enum as its text', `cast('happy' as mood)`, { stringValue: 'happy' }],
    ['a domain as its base type', 'cast(7 as positive)', { longValue: 7 }],
    ['inet as its text', `cast('10.0.0.0/8' as inet)`, { stringValue: '10.0.0.0/8' }],
    ['a range as its text', 'int4range(1, 5)', { stringValue: '[1,5)' }],
    ['int[] as longs', 'array[1, null, 3]', { arrayValue: { longValues: [1, null, 3] } }],
    ['float8[] as doubles', 'cast(array[1.5] as float8[])', { arrayValue: { doubleValues: [1.5] } }],
    ['bool[] as booleans', 'array[true, false]', { arrayValue: { booleanValues: [true, false] } }],
    [
      'text[] as texts',
      `array['a, b', 'NULL', null]`,
      { arrayValue: { stringValues: ['a, b', 'NULL', null] } },
    ],
    ['numeric[] as texts', 'array[1.10]', { arrayValue: { stringValues: ['1.10'] } }],
    ['uuid[] as texts', `cast('{${id}}' as uuid[])`, { arrayValue: { stringValues: [id] } }],
    [
      'jsonb[] as texts',
      `array[cast('{"a":"b"}' as jsonb)]`,
      { arrayValue: { stringValues: ['{"a": "b"}'] } },
    ],
    [
      'an array of an enum as texts',
      `cast('{happy}' as mood[])`,
      { arrayValue: { stringValues: ['happy'] } },
    ],
    [
      'timestamptz[] as texts in UTC',
      `array[cast('2026-03-01 12:00+02' as timestamptz)]`,
      { arrayValue: { stringValues: ['2026-03-01 10:00:00'] } },
    ],
    [
      'an array with other bounds as an array',
      `cast('[5:6]={1,2}' as int[])`,
      { arrayValue: { longValues: [1, 2] } },
    ],
    ['an empty array as an empty array', `cast('{}' as int[])`, { arrayValue: { longValues: [] } }],
    ['an array that is null as a field with isNull', 'cast(null as int[])', { isNull: true }],
  ])('a column of another type is returned: %s', async (_, value, field) => {
    await database.sql(`
      do $$ begin create type mood as enum ('happy'); create domain positive as int;
      exception when duplicate_object then null; end $$`);

    expect(await fields(`select ${value}`)).toEqual([field]);
  });

  test.each([['NaN'], ['Infinity'], ['-Infinity']])('the double %s is returned', async (name) => {
    const row = await fields(`select cast('${name}' as float8), :p, array[:p]`, [
      { name: 'p', value: { doubleValue: Number(name) } },
    ]);

    expect(row?.[0]).toEqual({ doubleValue: Number(name) });
    expect(row?.slice(1)).toEqual([row?.[0], { arrayValue: { doubleValues: [expect.anything()] } }]);
  });

  test.each([
    ['an interval', `cast('1 day' as interval)`, 'data type INTERVAL.'],
    ['a time with a zone', `cast('10:00+02' as timetz)`, 'data type TIMETZ.'],
    ['money', 'cast(1 as money)', 'data type MONEY.'],
    ['a point', 'point(1, 2)', 'data type POINT.'],
    ['an internal char', `cast('x' as "char")`, 'data type "CHAR".'],
    ['a regclass', `cast('things' as regclass)`, 'data type regclass.'],
    ['an array of intervals', `array[cast('1 day' as interval)]`, 'data type INTERVAL.'],
    ['an array of arrays', 'array[[1], [2]]', 'a multidimensional array'],
  ])('a column that is %s is refused', async (_, value, reason) => {
    await expect(fields(`select ${value}`)).rejects.toMatchObject({
      name: 'UnsupportedResultException',
      message: expect.stringMatching(/^The result contains /),
    });
    await expect(fields(`select ${value}`)).rejects.toThrow(reason);
  });

  test('an infinite time is an internal failure', async () => {
    await expect(fields(`select cast('infinity' as timestamptz)`)).rejects.toMatchObject({
      name: 'InternalFailure',
      $metadata: { httpStatusCode: 500 },
    });
    expect(await fields(`select cast(cast('infinity' as timestamptz) as text)`)).toEqual([
      { stringValue: 'infinity' },
    ]);
  });

  test('a bytea column is returned as bytes', async () => {
    const [field] = (await fields(`select cast('\\x00ff10' as bytea)`)) ?? [];

    expect([...(field?.blobValue ?? [])]).toEqual([0, 255, 16]);
  });
});

describe('parameter types', () => {
  test.each<[string, SqlParameter, string, string | null]>([
    ['a string as varchar', { value: { stringValue: `it's "😀" :x` } }, 'character varying', `it's "😀" :x`],
    ['a long as bigint', { value: { longValue: 9007199254740991 } }, 'bigint', '9007199254740991'],
    ['a double as double precision', { value: { doubleValue: 0.1 } }, 'double precision', '0.1'],
    ['a boolean as boolean', { value: { booleanValue: true } }, 'boolean', 'true'],
    ['bytes as bytea', { value: { blobValue: Uint8Array.of(0, 255) } }, 'bytea', '\\x00ff'],
    ['a text with the hint UUID', { value: { stringValue: id }, typeHint: 'UUID' }, 'uuid', id],
    [
      'a text with the hint JSON',
      { value: { stringValue: '{"a":1.10}' }, typeHint: 'JSON' },
      'jsonb',
      '{"a": 1.10}',
    ],
    [
      'a text with the hint DECIMAL',
      { value: { stringValue: '1.10' }, typeHint: 'DECIMAL' },
      'numeric',
      '1.10',
    ],
    [
      'a text with the hint DATE',
      { value: { stringValue: '2026-03-01' }, typeHint: 'DATE' },
      'date',
      '2026-03-01',
    ],
    [
      'a text with the hint TIME',
      { value: { stringValue: '10:00:01' }, typeHint: 'TIME' },
      'time without time zone',
      '10:00:01',
    ],
    [
      'a text with the hint TIMESTAMP',
      { value: { stringValue: '2026-03-01 10:00:00.5' }, typeHint: 'TIMESTAMP' },
      'timestamp without time zone',
      '2026-03-01 10:00:00.5',
    ],
    ['a null with a hint', { value: { isNull: true }, typeHint: 'UUID' }, 'uuid', null],
  ])('a parameter is bound: %s', async (_, parameter, type, text) => {
    const row = await fields('select cast(pg_typeof(:p) as text), cast(:p as text)', [
      { name: 'p', ...parameter },
    ]);

    expect(row).toEqual([{ stringValue: type }, text === null ? { isNull: true } : { stringValue: text }]);
  });
});

test.each<[string, string, SqlParameter['value']]>([
  ['a uuid column', 'id', { isNull: true }],
  ['a numeric column', 'price', { isNull: true }],
  [
    'a timestamptz column, even with an empty string beside isNull',
    'at',
    { isNull: true, stringValue: '' } as never,
  ],
])('a null without a hint can be written to %s', async (_, column, value) => {
  await database.sql('alter table things drop constraint things_pkey, alter column id drop not null');

  await execute(`insert into things (${column}) values (:p)`, [{ name: 'p', value }]);

  expect(await database.sql(`select ${column} as value from things`)).toEqual([{ value: null }]);
});

test('a parameter used twice is bound as two parameters, which PostgreSQL does not treat as equal', async () => {
  await expect(
    execute(`select date_trunc(:unit, at) from things group by date_trunc(:unit, at)`, [
      { name: 'unit', value: { stringValue: 'day' } },
    ]),
  ).rejects.toThrow(/must appear in the GROUP BY clause/);
});

describe('uuid parameter', () => {
  const named = (value: Omit<SqlParameter, 'name'>) => [{ name: 'id', ...value }];

  test('comparing a uuid with a plain string fails as it does on AWS', async () => {
    await expect(
      execute('select * from things where id = :id', named({ value: { stringValue: id } })),
    ).rejects.toMatchObject({
      name: 'DatabaseErrorException',
      message: expect.stringMatching(
        /^ERROR: operator does not exist: uuid = character varying; .*SQLState: 42883$/,
      ),
    });
  });

  test('a uuid can be compared using a hint or a cast', async () => {
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

describe('refused parameters', () => {
  test.each<[string, SqlParameter[], RegExp]>([
    [
      'an array parameter',
      [{ name: 'p', value: { arrayValue: { stringValues: ['a'] } } }],
      /Array parameters are not supported/,
    ],
    [
      'a parameter with two values',
      [{ name: 'p', value: { stringValue: 'a', longValue: 1 } as never }],
      /Parameter "p" has two values: longValue and stringValue/,
    ],
    [
      'a parameter with an empty value',
      [{ name: 'p', value: {} as never }],
      /Parameter "p" has value with no field set/,
    ],
    ['a missing parameter', [{ name: 'q', value: { stringValue: 'a' } }], /Cannot find parameter: p/],
    ['a parameter without a value', [{ name: 'p' }], /needs a name and a value/],
    [
      'a parameter with an unknown hint',
      [{ name: 'p', value: { stringValue: 'a' }, typeHint: 'INET' as 'UUID' }],
      /typeHint/,
    ],
  ])('a statement is refused because of %s', async (_, parameters, message) => {
    await expect(execute('select :p', parameters)).rejects.toMatchObject({
      name: 'BadRequestException',
      message: expect.stringMatching(message),
    });
  });
});

describe('type hints', () => {
  test.each<[string, SqlParameter['typeHint'], SqlParameter['value']]>([
    ['a date with a time', 'DATE', { stringValue: '2026-03-01T10:00:00Z' }],
    ['a number in words', 'DECIMAL', { stringValue: 'ten' }],
    ['NaN', 'DECIMAL', { stringValue: 'NaN' }],
    ['a time without seconds', 'TIME', { stringValue: '10:00' }],
    ['a time in ISO 8601', 'TIMESTAMP', { stringValue: '2026-03-01T10:00:00Z' }],
    ['a time with an offset', 'TIMESTAMP', { stringValue: '2026-03-01 10:00:00+02' }],
    ['a text that is no UUID', 'UUID', { stringValue: '7' }],
    ['an integer', 'DECIMAL', { longValue: 7 }],
    ['bytes', 'UUID', { blobValue: Uint8Array.of(1) }],
  ])('%s with the hint %s is refused', async (_, typeHint, value) => {
    await expect(execute('select :p', [{ name: 'p', value, typeHint }])).rejects.toMatchObject({
      name: 'BadRequestException',
      message: expect.stringMatching(
        new RegExp(`^parameter p with typeHint ${typeHint} must be .+, received`),
      ),
    });
  });

  test.each<[string, SqlParameter['typeHint'], string, string]>([
    ['a text that is no JSON', 'JSON', '{', '22P02'],
    ['a day that does not exist', 'DATE', '2026-02-30', '22008'],
  ])(
    '%s is accepted by the Data API and refused by the database',
    async (_, typeHint, stringValue, state) => {
      await expect(
        execute('select :p', [{ name: 'p', value: { stringValue }, typeHint }]),
      ).rejects.toMatchObject({
        name: 'DatabaseErrorException',
        message: expect.stringMatching(new RegExp(`^ERROR: .*SQLState: ${state}$`)),
      });
    },
  );
});

describe('colons that are no parameters', () => {
  test.each([
    ['in a string', `select ':p'`, ':p'],
    ['in a string with a quote in it', `select 'it''s :p'`, `it's :p`],
    ['in an escape string', `select e'it\\'s :p'`, `it's :p`],
    ['in a quoted name', `select "a:p" from (values ('x')) as v("a:p")`, 'x'],
    ['in a line comment', `select 'x' -- it's :p\n`, 'x'],
    ['in a block comment', `select /* it's :p */ 'x'`, 'x'],
    ['in dollar quotes', 'select $$it is :p$$', 'it is :p'],
    ['in tagged dollar quotes', 'select $tag$it $$ is :p$tag$', 'it $$ is :p'],
    ['in a cast', `select 'x'::text`, 'x'],
    ['in an array slice', `select cast((array['x', 'y'])[1:1] as text)`, '{x}'],
  ])('a colon is not replaced %s', async (_, sql, value) => {
    expect(await fields(sql)).toEqual([{ stringValue: value }]);
  });

  test('a colon in a string is not replaced when a parameter of the same name is used twice', async () => {
    const row = await fields(`select :p || ':p' || :p || $$:p$$ /* :p */`, [
      { name: 'p', value: { stringValue: 'x' } },
    ]);

    expect(row).toEqual([{ stringValue: 'x:px:p' }]);
  });
});
