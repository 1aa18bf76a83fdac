import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();

beforeEach(() => database.sql('delete from outbox_events'));

describe('payloads that arrive exactly as written', () => {
  test.each([
    ['the largest int64', '9223372036854775807'],
    ['the smallest int64', '-9223372036854775808'],
    ['an integer that no double holds', '9007199254740993'],
    ['a decimal with its trailing zero', '1.10'],
    ['a decimal of 31 digits', '123456789012345678901234567890.5'],
    ['a decimal of 21 digits that is a whole number', '12345678901234567890.0'],
    ['an integer beyond int64 as a string', '"12345678901234567890123"'],
    ['digits inside a text', '"iban 123456789012345678901234567890 and {\\"n\\": 99999999999999999999}"'],
    ['astral Unicode', '"😀 𝒳 👩‍👩‍👧 ﷽"'],
    ['line separators of JavaScript', '"a\u2028b\u2029c"'],
    ['escapes', '"\\t\\n\\r\\b\\f\\u0001\\u001f\\\\ \\" /"'],
    ['nested arrays and objects', '[[], {}, [null, true, false], {"": {"a b": [0]}}]'],
  ])('%s arrives exactly as written', async (_, value) => {
    const id = await insertEvent(database, { payload: `{"value": ${value}}` });

    expect(await detailOf(id)).toContain(`"value": ${value}`);
  });

  test('keys that JavaScript treats in a special way arrive exactly as written', async () => {
    const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const payload = `{${keys.map((key) => `"${key}": {"x": 1}`).join(', ')}}`;

    const detail = await detailOf(await insertEvent(database, { payload }));

    for (const key of keys) expect(detail).toContain(`"${key}": {"x": 1}`);
  });

  test('a key that is a number with more digits than int64 arrives exactly as written', async () => {
    const payload = '{"99999999999999999999": 1}';

    expect(await detailOf(await insertEvent(database, { payload }))).toContain('"99999999999999999999": 1');
  });
});

test('a text with the NUL character is refused, because no PostgreSQL text can hold it', async () => {
  await expect(insertEvent(database, { payload: '{"a": "\\u0000"}' })).rejects.toThrow(/SQLState: 22P05/);
});

test('the detail is the payload plus the aggregate id and the event id, which replace keys of the same name', async () => {
  const payload = '{"total": 1, "eventId": "forged", "aggregateId": 7}';
  const id = await insertEvent(database, { payload, aggregateId: 'order "9" \\ 😀' });

  expect(JSON.parse(await detailOf(id))).toEqual({ total: 1, eventId: id, aggregateId: 'order "9" \\ 😀' });
});

test('every JSON object keeps its value, and its two stored sizes are exact', async () => {
  const binary = (minLength: number) =>
    fc.string({ unit: 'binary', minLength, maxLength: 40 }).map((value) => value.replaceAll('\0', 'x'));
  const text = binary(0);
  const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
  const { object } = fc.letrec((tie) => ({
    object: fc.dictionary(text, tie('value'), { maxKeys: 5 }),
    value: fc.oneof(
      { maxDepth: 3 },
      text,
      number,
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      tie('object'),
    ),
  }));

  await fc.assert(
    fc.asyncProperty(
      fc.array(object, { minLength: 10, maxLength: 10 }),
      binary(1),
      async (payloads, aggregateId) => {
        const rows = await database.sql<{
          id: string;
          payload: string;
          detail: string;
          detail_bytes: number;
          state_bytes: number;
        }>(
          `insert into outbox_events (aggregate_id, event_type, payload)
         select $1, 'order.placed', value from jsonb_array_elements($2) as value
         returning id, outbox_detail(id, aggregate_id, payload) as detail, detail_bytes, state_bytes`,
          [aggregateId, JSON.stringify(payloads)],
        );

        rows.forEach(({ id, detail, detail_bytes, state_bytes }, index) => {
          expect(detail_bytes).toBe(Buffer.byteLength(detail));
          expect(state_bytes).toBe(Buffer.byteLength(JSON.stringify(detail)) - 2);
          const expected = JSON.stringify(payloads[index]);
          expect(JSON.parse(detail)).toEqual({ ...JSON.parse(expected), aggregateId, eventId: id });
        });
      },
    ),
    { numRuns: 40, endOnFailure: true },
  );
});

describe('a double that prints as an integer beyond int64 becomes a decimal', () => {
  test.each([
    ['6.02214076e23', '602214076000000000000000.0'],
    ['1e19', '10000000000000000000.0'],
    ['1e23', '100000000000000000000000.0'],
    ['-5e22', '-50000000000000000000000.0'],
    ['-9.3e18', '-9300000000000000000.0'],
    ['123456789012345680000', '123456789012345680000.0'],
    ['[{"a": 1e22}, 9007199254740993]', '[{"a": 10000000000000000000000.0}, 9007199254740993]'],
    ['{"\\" 1e19 10000000000000000000": 1e19}', '{"\\" 1e19 10000000000000000000": 10000000000000000000.0}'],
    ['["10000000000000000000", "\\\\", 1e19]', '["10000000000000000000", "\\\\", 10000000000000000000.0]'],
    ['10000000000000000000.5', '10000000000000000000.5'],
    ['1.7976931348623157e308', `17976931348623157${'0'.repeat(292)}.0`],
    ['-1.7976931348623157e308', `-17976931348623157${'0'.repeat(292)}.0`],
  ])('the double %s becomes a decimal', async (value, printed) => {
    const id = await insertEvent(database, { payload: `{"value": ${value}}` });

    const detail = await detailOf(id);

    expect(detail).toContain(`"value": ${printed}`);
    expect(JSON.parse(detail).value).toEqual(JSON.parse(value));
  });

  test('a double becomes a decimal also when the session prints doubles with fewer digits', async () => {
    const connection = await database.connect();
    try {
      await connection.query('set extra_float_digits = -10');
      const { rows } = await connection.query<{ payload: string }>(
        `insert into outbox_events (aggregate_id, event_type, payload) values ('a', 'b', '{"n": 123456789012345680000}')
         returning cast(payload as text)`,
      );
      expect(rows).toEqual([{ payload: '{"n": 123456789012345680000.0}' }]);
    } finally {
      await connection.query('reset extra_float_digits');
      connection.release();
    }
  });
});

async function detailOf(id: string): Promise<string> {
  const [row] = await database.dataApi.query(
    'select outbox_detail(id, aggregate_id, payload) from outbox_events where id = cast(:id as uuid)',
    { id },
  );
  return String(row?.[0]);
}
