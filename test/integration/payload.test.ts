import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();

beforeEach(() => database.sql('delete from outbox_events'));

describe('these arrive exactly as written', () => {
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
  ])('%s', async (_, value) => {
    const id = await insertEvent(database, { payload: `{"value": ${value}}` });

    expect(await detailOf(id)).toContain(`"value": ${value}`);
  });

  test('keys that JavaScript treats in a special way', async () => {
    const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const payload = `{${keys.map((key) => `"${key}": {"x": 1}`).join(', ')}}`;

    const detail = await detailOf(await insertEvent(database, { payload }));

    for (const key of keys) expect(detail).toContain(`"${key}": {"x": 1}`);
  });

  test('a number of more digits than int64 has, in a key', async () => {
    const payload = '{"99999999999999999999": 1}';

    expect(await detailOf(await insertEvent(database, { payload }))).toContain('"99999999999999999999": 1');
  });
});

test('a text with the character zero is refused, because no PostgreSQL text can hold it', async () => {
  await expect(insertEvent(database, { payload: '{"a": "\\u0000"}' })).rejects.toThrow(/SQLState: 22P05/);
});

test('the detail is the payload with the aggregate id and the event id, which win over the payload', async () => {
  const payload = '{"total": 1, "eventId": "forged", "aggregateId": 7}';
  const id = await insertEvent(database, { payload, aggregateId: 'order "9" \\ 😀' });

  expect(JSON.parse(await detailOf(id))).toEqual({ total: 1, eventId: id, aggregateId: 'order "9" \\ 😀' });
});

test('every JSON object keeps its value, and its two sizes are exact', async () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 }).map((value) => value.replaceAll('\0', ''));
  const number = fc.oneof(
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e18, max: 1e18 }),
  );
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
      text,
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

describe('a change of the status', () => {
  const processed = `update outbox_events set status = 'PROCESSED', due_at = null, processed_at = now()`;

  test('neither checks the payload again nor builds the detail', async () => {
    await insertEvent(database, { payload: '{"total": 1}' });

    await rolledBack(async (query) => {
      for (const [name, parameters, result] of [
        ['outbox_integers_fit_int64', 'payload jsonb', 'boolean'],
        ['outbox_detail', 'id uuid, aggregate_id text, payload jsonb', 'text'],
      ]) {
        await query(
          `create or replace function ${name}(${parameters}) returns ${result} language plpgsql immutable as $$
           begin raise exception 'the payload was read'; end $$`,
        );
      }

      await query('savepoint before');
      await expect(query(`update outbox_events set payload = '{"total": 2}'`)).rejects.toThrow(
        'the payload was read',
      );
      await query('rollback to before');
      await query(`update outbox_events set lease_token = gen_random_uuid(), status = 'PROCESSING'`);
      await query(processed);
    });
  });

  test('is allowed on a payload that got past the door', async () => {
    await rolledBack(async (query) => {
      await query('alter domain outbox_payload drop constraint payload_integers_fit_int64');
      await query(
        `insert into outbox_events (aggregate_id, event_type, payload) values ('a', 'b', '{"n": 99999999999999999999}')`,
      );
      await query(
        `alter domain outbox_payload add constraint payload_integers_fit_int64
         check (outbox_integers_fit_int64(value)) not valid`,
      );

      await query(processed);
    });
  });

  async function rolledBack(
    work: (query: (text: string) => Promise<unknown>) => Promise<void>,
  ): Promise<void> {
    const connection = await database.connect();
    try {
      await connection.query('begin');
      await work((text) => connection.query(text));
    } finally {
      await connection.query('rollback');
      connection.release();
    }
  }
});

async function detailOf(id: string): Promise<string> {
  const [row] = await database.dataApi.query(
    'select outbox_detail(id, aggregate_id, payload) from outbox_events where id = cast(:id as uuid)',
    { id },
  );
  return String(row?.[0]);
}
