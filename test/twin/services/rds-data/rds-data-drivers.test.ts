import { beforeEach, describe, expect, test } from '@jest/globals';
import { eq, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/aws-data-api/pg';
import {
  bigint,
  boolean,
  date,
  doublePrecision,
  jsonb,
  numeric,
  pgTable,
  serial,
  text,
  time,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';
import { target, useOutboxDatabase } from '../../../support/outbox-database.ts';

// What drivers and clients other than ours send, and what they read from an answer.
const database = useOutboxDatabase({ empty: true });

const dishes = pgTable('dishes', {
  id: uuid('id').primaryKey().defaultRandom(),
  number: serial('number'),
  name: text('name').notNull(),
  price: numeric('price', { precision: 8, scale: 2 }),
  rating: doublePrecision('rating'),
  views: bigint('views', { mode: 'number' }),
  vegan: boolean('vegan'),
  recipe: jsonb('recipe').$type<{ steps: string[] }>(),
  tags: text('tags').array(),
  cooked: date('cooked'),
  served: time('served'),
  createdAt: timestamp('created_at', { withTimezone: true }),
});

beforeEach(async () => {
  await database.sql('drop table if exists dishes');
  await database.sql(`
    create table dishes (
      id uuid primary key default gen_random_uuid(), number serial, name text not null, price numeric(8, 2),
      rating float8, views bigint, vegan boolean, recipe jsonb, tags text[], cooked date, served time,
      created_at timestamptz)`);
});

/** The body of an answer as it was sent: JSON.parse would round its numbers. */
async function post(path: string, body: string): Promise<{ status: number; text: string }> {
  const { hostname, port } = (await database.client.config.endpoint?.()) ?? {};
  const response = await fetch(`http://${hostname}:${port}${path}`, { method: 'POST', body });
  return { status: response.status, text: await response.text() };
}
const executeRaw = (statement: string, parameters: string) =>
  post(
    '/Execute',
    `{"sql": ${JSON.stringify(statement)}, "parameters": ${parameters}, ${JSON.stringify(target).slice(1)}`,
  );

describe("Drizzle's driver for the Data API", () => {
  const connect = () => drizzle(database.client, target);
  const laksa = {
    name: 'Laksa',
    price: '12.50',
    rating: 4.5,
    views: 9007199254740991,
    vegan: false,
    recipe: { steps: ['boil', '"stir"'] },
    cooked: '2026-03-01',
    served: '12:30:00',
    createdAt: new Date('2026-03-01T10:00:00.250Z'),
  };

  test('Drizzle commits a transaction and returns the inserted row', async () => {
    const inserted = await connect().transaction(async (transaction) => {
      const [dish] = await transaction.insert(dishes).values(laksa).returning();
      await transaction
        .update(dishes)
        .set({ rating: 5 })
        .where(eq(dishes.id, dish?.id ?? ''));
      return dish;
    });

    expect(inserted).toEqual({ ...laksa, id: expect.any(String), number: 1, tags: null });
    expect(await connect().select().from(dishes)).toEqual([{ ...inserted, rating: 5 }]);
  });

  test('Drizzle rolls back a transaction that fails', async () => {
    await expect(
      connect().transaction(async (transaction) => {
        await transaction.insert(dishes).values(laksa);
        await transaction.insert(dishes).values({ name: sql`null` });
      }),
    ).rejects.toThrow();

    expect(await connect().select().from(dishes)).toEqual([]);
  });

  test('Drizzle writes null for columns of every type', async () => {
    const { name, ...rest } = laksa;
    const nothing = Object.fromEntries(Object.keys(rest).map((column) => [column, null]));

    await connect()
      .insert(dishes)
      .values({ name, ...nothing, tags: null });

    expect(await connect().select().from(dishes)).toMatchObject([{ name, ...nothing, tags: null }]);
  });

  test('Drizzle reads an array, and the columns of a raw statement by their names', async () => {
    await database.sql(`insert into dishes (name, tags) values ('Laksa', '{spicy,"a, b",null}')`);

    expect(await connect().select({ tags: dishes.tags }).from(dishes)).toEqual([
      { tags: ['spicy', 'a, b', null] },
    ]);
    const { rows } = await connect().execute(
      sql`select name as dish, tags[1:2] as tags, '12:30' as at from dishes where name = ${'Laksa'}`,
    );
    expect(rows).toEqual([{ dish: 'Laksa', tags: ['spicy', 'a, b'], at: '12:30' }]);
  });
});

describe('a parameter whose name is a number', () => {
  test.each([
    ['is bound', 'select cast(:1 as text)', 'laksa'],
    ['may count from zero', 'select :0 || :1', 'rawlaksa'],
    ['may have several digits', `select :10 || ':10'`, 'tenth:10'],
    ['does not change texts', `select :1 || '12:30' || ':1'`, 'laksa12:30:1'],
    ['does not change casts', 'select :1::text', 'laksa'],
    ['does not change slices', `select cast((array['x', 'y', :1])[1:2] as text)`, '{x,y}'],
    [
      'does not change slices of two dimensions',
      `select cast((array[['x'], ['y']])[1:1][1:1] as text)`,
      '{{x}}',
    ],
    ['may be the bound of a slice', `select cast((array['x', 'y'])[1: :2] as text)`, '{x,y}'],
  ])('a parameter whose name is a number %s', async (_, statement, expected) => {
    const { text: answer } = await executeRaw(
      statement,
      `[{"name": "0", "value": {"stringValue": "raw"}}, {"name": "1", "value": {"stringValue": "laksa"}},
        {"name": "2", "value": {"longValue": 2}}, {"name": "10", "value": {"stringValue": "tenth"}}]`,
    );

    expect(JSON.parse(answer)).toMatchObject({ records: [[{ stringValue: expected }]] });
  });
});

describe('integer above 2^53', () => {
  const snowflake = '[{"name": "id", "value": {"longValue": 1234567890123456789}}]';

  test('an integer above 2^53 is exact as a parameter and as a result', async () => {
    const { text: answer } = await executeRaw(
      'select cast(:id as text), :id, -9223372036854775808',
      snowflake,
    );

    expect(JSON.parse(answer).records[0][0]).toEqual({ stringValue: '1234567890123456789' });
    expect(answer).toContain('{"longValue":1234567890123456789},{"longValue":-9223372036854775808}');
  });

  test('an integer above 2^53 is exact in an array and in JSON records', async () => {
    const array = await executeRaw('select array[:id, null]', snowflake);
    const json = await post(
      '/Execute',
      `{"sql": "select cast(9007199254740993 as bigint) as n", "formatRecordsAs": "JSON", ${JSON.stringify(target).slice(1)}`,
    );

    expect(array.text).toContain('{"arrayValue":{"longValues":[1234567890123456789,null]}}');
    expect(JSON.parse(json.text).formattedRecords).toBe('[{"n":9007199254740993}]');
  });

  test('an integer is returned as text on request', async () => {
    const { text: answer } = await post(
      '/Execute',
      `{"sql": "select cast(9007199254740993 as bigint), array[7]", "resultSetOptions": {"longReturnType": "STRING"}, ${JSON.stringify(target).slice(1)}`,
    );

    expect(JSON.parse(answer).records).toEqual([
      [{ stringValue: '9007199254740993' }, { arrayValue: { stringValues: ['7'] } }],
    ]);
  });

  test.each([
    ['beyond 64 bits', '9223372036854775808'],
    ['with a fraction', '1.5'],
    ['in quotes', '"7"'],
    ['with more digits than a double has', '1234567890123456789.0'],
  ])('a long parameter %s is refused', async (_, number) => {
    const { status, text: answer } = await executeRaw(
      'select :id',
      `[{"name": "id", "value": {"longValue": ${number}}}]`,
    );

    expect(status).toBe(400);
    expect(JSON.parse(answer)).toEqual({
      __type: 'SerializationException',
      message: expect.stringContaining('longValue of parameter id must be an integer of 64 bits, received'),
    });
  });

  test('an integer in a wrong field of the request is reported with all its digits', async () => {
    const { text: answer } = await post(
      '/Execute',
      `{"parameters": [{"longValue": 1234567890123456789}], "sql": "select 1", ${JSON.stringify(target).slice(1)}`,
    );

    expect(JSON.parse(answer)).toEqual({
      __type: 'BadRequestException',
      message: 'a parameter needs a name and a value: {"longValue":1234567890123456789}',
    });
  });
});
