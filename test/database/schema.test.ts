import { beforeEach, describe, expect, test } from '@jest/globals';
import { DatabaseRefused } from '../../outbox/errors.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvent, readEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();

beforeEach(() => database.sql('delete from outbox_events'));

test('a plain insert of aggregate id, event type and payload is due at once', async () => {
  await database.dataApi.query(
    `insert into outbox_events (aggregate_id, event_type, payload) values ('order-1', 'order.placed', '{"total": 1}')`,
  );

  const [{ id } = { id: '' }] = await database.sql<{ id: string }>('select id from outbox_events');
  const event = await readEvent(database, id);
  expect(event).toMatchObject({ status: 'PENDING', attempts: 0, lease_token: null, last_error: null });
  expect(event.due_at).toEqual(event.ready_at);
  expect(event.created_at).toEqual(event.ready_at);
});

test('ids that the table generates begin with the time and are of version 7', async () => {
  const before = Date.now();
  const insert = () =>
    database.sql<{ id: string }>(
      `insert into outbox_events (aggregate_id, event_type, payload)
       select 'a', 'b', '{}' from generate_series(1, 100) returning id`,
    );

  const ids = [...(await insert()), ...(await insert())].map(({ id }) => id);

  const after = Date.now();
  expect(new Set(ids).size).toBe(200);
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const at = Number.parseInt(id.replace('-', '').slice(0, 12), 16);
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(after);
  }
});

test('the producer may supply the id', async () => {
  const id = '0192f3a4-0000-7000-8000-000000000001';

  await database.sql(
    `insert into outbox_events (id, aggregate_id, event_type, payload) values ($1, 'a', 'b', '{}')`,
    [id],
  );

  expect(await readEvent(database, id)).toMatchObject({ id, status: 'PENDING' });
});

describe('a delayed event', () => {
  const insertDueIn = async (interval: string) => {
    const [row] = await database.sql<{ id: string }>(
      `insert into outbox_events (aggregate_id, event_type, payload, due_at)
       values ('a', 'b', '{}', now() + cast($1 as interval)) returning id`,
      [interval],
    );
    return readEvent(database, row?.id ?? '');
  };

  test('a delayed event is ready when it is due, so that an intended delay does not count as lag', async () => {
    const event = await insertDueIn('1 hour');

    expect(event.ready_at).toEqual(event.due_at);
    expect(event.due_in).toBeGreaterThan(3500);
  });

  test('an event may be due in the past', async () => {
    const event = await insertDueIn('-1 hour');

    expect(event.ready_at).toEqual(event.due_at);
  });
});

describe('payloads that are refused', () => {
  test.each([
    ['an array', '[1]', 'payload_is_a_json_object'],
    ['a string', '"text"', 'payload_is_a_json_object'],
    ['null', 'null', 'payload_is_a_json_object'],
    ['an integer just above int64', '{"n": 9223372036854775808}', 'payload_integers_fit_int64'],
    ['an integer just below int64', '{"n": -9223372036854775809}', 'payload_integers_fit_int64'],
    ['such an integer in an array', '{"a": [1, [9223372036854775808]]}', 'payload_integers_fit_int64'],
    [
      'such an integer in an object',
      '{"a": {"b": {"c": -12345678901234567890}}}',
      'payload_integers_fit_int64',
    ],
    ['one in an object in an array', '{"a": [{"b": 9223372036854775808}]}', 'payload_integers_fit_int64'],
    [
      'one beside what is fine',
      '{"a": 1.5, "b": [1e19, 10000000000000000001], "c": "x"}',
      'payload_integers_fit_int64',
    ],
    ['one under an empty key', '{"": 9223372036854775808}', 'payload_integers_fit_int64'],
    ['one of more digits than a double has', '{"n": 602214076000000000000001}', 'payload_integers_fit_int64'],
    ['one beyond every double', '{"n": 1e309}', 'payload_integers_fit_int64'],
    ['one far beyond every double', '{"n": -1e400}', 'payload_integers_fit_int64'],
    ['1,001 nested objects', nested('{"a":', 1001, '}'), 'payload_nests_at_most_1000_levels'],
    ['1,000 nested arrays', `{"a":${nested('[', 1000, ']')}}`, 'payload_nests_at_most_1000_levels'],
    ['an empty object on level 1,001', nested('{"a":', 1000, '}', '{}'), 'payload_nests_at_most_1000_levels'],
    ['5,000 levels', nested('{"a":', 5000, '}'), 'payload_nests_at_most_1000_levels'],
  ])('the payload is refused when it is or contains %s', async (_, payload, constraint) => {
    await expectRefusal(insertEvent(database, { payload }), constraint);
  });

  test.each([
    ['a plain event type', 'order.placed', 14],
    ['an event type that the envelope escapes', '"'.repeat(64), 2 * 64 + 2],
    ['an event type of control characters', '\u0001'.repeat(128), 6 * 128 + 2],
  ])(
    'the payload is refused when the event exceeds 1 MiB with its envelope, with %s',
    async (_, eventType, escaped) => {
      const insertText = (length: number) =>
        insertEvent(database, { eventType, payload: JSON.stringify({ text: 'x'.repeat(length) }) });
      const empty = (await readEvent(database, await insertText(0))).detail_bytes;
      const room = 1_048_576 - 512 - escaped - empty;

      expect((await readEvent(database, await insertText(room))).detail_bytes).toBe(empty + room);
      await expectRefusal(insertText(room + 1), 'event_with_its_envelope_fits_1_mib');
    },
  );

  test('the payload is refused when only the aggregate id makes the event too large', async () => {
    const payload = JSON.stringify({ text: 'é'.repeat(500_000) });

    await expectRefusal(
      insertEvent(database, { payload, aggregateId: 'x'.repeat(60_000) }),
      'event_fits_one_put_events_request',
    );
  });

  test('the payload is refused when the entry does not fit a request', async () => {
    const payload = JSON.stringify({ text: 'é'.repeat(524_288) });

    await expectRefusal(insertEvent(database, { payload }), 'event_fits_one_put_events_request');
  });
});

describe('rows that are refused', () => {
  test.each([
    ['an event type of 0 characters', { event_type: '' }, 'event_type_is_1_to_128_characters'],
    [
      'an event type of 129 characters',
      { event_type: '😀'.repeat(129) },
      'event_type_is_1_to_128_characters',
    ],
    [
      'a trace header of 501 characters',
      { trace_header: 'x'.repeat(501) },
      'trace_header_is_at_most_500_characters',
    ],
    ['an empty trace header', { trace_header: '' }, 'trace_header_is_not_empty'],
    ...[
      ['of another version', '01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
      ['in upper case', '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01'],
      ['without flags', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7'],
      ['with more than version 00 has', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-00'],
      ['with a line break', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n'],
      ['of the trace zero', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
      ['of the span zero', `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`],
      ['that is empty', ''],
    ].map(([what, traceparent = '']): [string, Record<string, string>, string] => [
      `a traceparent ${what}`,
      { traceparent },
      'traceparent_is_w3c_version_00',
    ]),
    ['an empty aggregate id', { aggregate_id: '' }, 'aggregate_id_is_not_empty'],
    ['an empty aggregate type', { aggregate_type: '' }, 'aggregate_type_is_1_to_512_characters'],
    [
      'an aggregate type of 513 characters',
      { aggregate_type: 'x'.repeat(513) },
      'aggregate_type_is_1_to_512_characters',
    ],
    ['a time before 1970', { created_at: '1969-12-31T23:59:59Z' }, 'created_at_is_between_1970_and_9999'],
    ['a due time without end', { due_at: 'infinity' }, 'due_at_is_between_1970_and_9999'],
    [
      'an unknown status',
      { status: 'DONE', due_at: null },
      'status_is_pending_processing_processed_or_failed',
    ],
    ['a pending event without a due time', { due_at: null }, 'due_exactly_while_unfinished'],
    [
      'a processed event that is due',
      { status: 'PROCESSED', processed_at: 'now' },
      'due_exactly_while_unfinished',
    ],
    ['a failed event that is due', { status: 'FAILED', failed_at: 'now' }, 'due_exactly_while_unfinished'],
    ['a claimed event without a token', { status: 'PROCESSING' }, 'processing_needs_a_lease_token'],
    [
      'a processed event without its time',
      { status: 'PROCESSED', due_at: null },
      'processed_at_exactly_when_processed',
    ],
    [
      'a pending event with a time of success',
      { processed_at: 'now' },
      'processed_at_exactly_when_processed',
    ],
    ['a failed event without its time', { status: 'FAILED', due_at: null }, 'failed_at_exactly_when_failed'],
    ['a pending event with a time of failure', { failed_at: 'now' }, 'failed_at_exactly_when_failed'],
  ])('the row is refused when it is or has %s', async (_, columns, constraint) => {
    await expectRefusal(insertColumns(columns), constraint);
  });

  test('the row is refused when a required column is missing', async () => {
    for (const column of ['aggregate_id', 'event_type', 'payload']) {
      await expectRefusal(insertColumns({ [column]: null }), `null value in column "${column}"`);
    }
  });

  test('the row is refused when its id already exists', async () => {
    const id = await insertEvent(database);

    await expectRefusal(insertColumns({ id }), 'outbox_events_pkey');
  });
});

test.each<[string, Readonly<Record<string, string>>]>([
  ['an event type of 1 character', { event_type: 'x' }],
  ['an event type of 128 characters', { event_type: 'x'.repeat(128) }],
  ['an event type of 128 characters outside the basic plane', { event_type: '😀'.repeat(128) }],
  ['an aggregate id of 100,000 characters', { aggregate_id: '😀'.repeat(100_000) }],
  ['an aggregate type of 512 characters', { aggregate_type: '😀'.repeat(512) }],
  ['a trace header of 500 characters', { trace_header: 'x'.repeat(500) }],
  ['the first instant of 1970', { created_at: '1970-01-01T00:00:00Z', due_at: '1970-01-01T00:00:00Z' }],
  ['the last day before 9999-12-31', { due_at: '9999-12-30T23:59:59Z' }],
])('%s is allowed', async (_, columns) => {
  await insertColumns(columns);

  const [row] = await database.sql<Record<string, unknown>>('select * from outbox_events');
  for (const [name, value] of Object.entries(columns))
    expect(row?.[name]).toEqual(name.endsWith('_at') ? new Date(value) : value);
});

test('the limits of a time are the same instants in every time zone', async () => {
  const connection = await database.connect();
  try {
    await connection.query(`set timezone = 'Pacific/Kiritimati'`); // 14 hours ahead of UTC
    const written = connection.query(
      `insert into outbox_events (aggregate_id, event_type, payload, created_at)
       values ('a', 'b', '{}', '1969-12-31T12:00:00Z')`,
    );
    await expect(written).rejects.toMatchObject({ constraint: 'created_at_is_between_1970_and_9999' });
  } finally {
    await connection.query('reset timezone');
    connection.release();
  }
});

async function insertColumns(columns: Readonly<Record<string, string | null>>) {
  const row = { aggregate_id: 'a', event_type: 'b', payload: '{}', ...columns };
  await database.dataApi.query(
    `insert into outbox_events (${Object.keys(row)}) select ${Object.keys(row)}
     from jsonb_populate_record(cast(null as outbox_events), cast(:row as jsonb))`,
    { row: JSON.stringify({ ...row, payload: row.payload === null ? null : {} }) },
  );
}

/** A text with this many nested containers. */
function nested(open: string, levels: number, close: string, inside = '1'): string {
  return open.repeat(levels) + inside + close.repeat(levels);
}

/** The name of the constraint tells a producer the reason. */
async function expectRefusal(insert: Promise<unknown>, constraint: string): Promise<void> {
  const error = await insert.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DatabaseRefused);
  expect(String(error)).toContain(constraint);
}
