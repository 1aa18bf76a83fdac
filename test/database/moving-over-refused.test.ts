import { randomBytes } from 'node:crypto';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { projectText } from '../support/fenced-block.ts';
import {
  type GuideEvent,
  guideTables,
  moveOver,
  pageBlock,
  removeGuideTable,
  writeAsBefore,
} from '../support/guide-table.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

// Roles belong to the whole server, which other tests may use too.
const user = `old_writer_${randomBytes(4).toString('hex')}`;
afterAll(async () => {
  await removeGuideTable(database);
  await database.sql(`drop role if exists ${user}`);
});
const database = useOutboxDatabase();

beforeEach(async () => {
  await removeGuideTable(database);
  await database.sql(guideTables.prisma);
  for (const column of ['aggregateId', 'payload'])
    await database.sql(`alter table "OutboxEvent" alter "${column}" drop not null`);
});

const write = (event: GuideEvent) => writeAsBefore(database.sql, event);
const ids = async () =>
  (await database.sql('select id from outbox_events order by sequence')).map(({ id }) => id);
const good = '0192f3a4-0000-7000-8000-000000000001';

const odd: readonly [string, Omit<GuideEvent, 'id'>, string | RegExp][] = [
  ['that is no JSON', { payload: '{name: 1}' }, 'invalid input syntax for type json'],
  ['that is empty', { payload: '' }, 'invalid input syntax for type json'],
  ['that is missing', { payload: null }, /null value in column "payload"/],
  ['that is an array', { payload: '[{}]' }, 'payload_is_a_json_object'],
  ['that is a text', { payload: '"text"' }, 'payload_is_a_json_object'],
  ['that is null', { payload: 'null' }, 'payload_is_a_json_object'],
  ['with an integer beyond int64', { payload: '{"n": [9223372036854775808]}' }, 'payload_integers_fit_int64'],
  ['with a number that no numeric holds', { payload: '{"n": 1e400000}' }, 'value overflows numeric format'],
  ['with the character zero', { payload: '{"a": "\\u0000"}' }, 'unsupported Unicode escape sequence'],
  ['with half a surrogate pair', { payload: '{"a": "\\ud83d"}' }, 'invalid input syntax for type json'],
  [
    'nested too deeply',
    { payload: `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}` },
    'stack depth limit exceeded',
  ],
  [
    'of more than 1 MiB',
    { payload: `{"a": "${'x'.repeat(1_048_576)}"}` },
    'event_fits_one_put_events_request',
  ],
  [
    'in 1,001 levels',
    { payload: `${'{"a":'.repeat(1_001)}1${'}'.repeat(1_001)}` },
    'payload_nests_at_most_1000_levels',
  ],
  [
    'that no target gets in its envelope',
    { payload: `{"a": "${'x'.repeat(1_048_576 - 600)}"}` },
    'event_with_its_envelope_fits_1_mib',
  ],
  [
    'with a place',
    { payload: '{"orderingKey": "a", "sequence": 2, "previousSequence": 1}' },
    'payload_has_no_place_without_an_ordering_key',
  ],
  ['of 1969', { createdAt: '1969-12-31T23:59:59Z' }, 'created_at_is_between_1970_and_9999'],
  ['of an empty aggregate', { aggregateId: '' }, 'aggregate_id_is_not_empty'],
  ['under a type of 129 characters', { eventType: 'x'.repeat(129) }, 'event_type_is_1_to_128_characters'],
  ['under an empty type', { eventType: '' }, 'event_type_is_1_to_128_characters'],
  ['without an aggregate', { aggregateId: null }, /null value in column "aggregate_id"/],
];

test('invalid rows stay in their table, are listed with the reason, and do not prevent moving the others', async () => {
  for (const [name, event] of odd) await write({ id: name, ...event });
  await write({ id: good });

  const refused = await moveOver(database);

  expect(await ids()).toEqual([good]);
  expect(new Map(refused.map(({ id, reason }) => [id, reason]))).toEqual(
    new Map(
      odd.map(([name, , reason]) => [
        name,
        reason instanceof RegExp ? expect.stringMatching(reason) : reason,
      ]),
    ),
  );
  expect(await moveOver(database)).toEqual(refused);
});

test('an invalid row that was processing or had failed is listed with its status', async () => {
  await write({ id: 'a', status: 'PROCESSING', payload: '[]' });
  await write({ id: 'b', status: 'FAILED', payload: '[]' });

  expect(await moveOver(database)).toMatchObject([{ status: 'PROCESSING' }, { status: 'FAILED' }]);
});

test('a row whose id the outbox already has is refused, not treated as the same event', async () => {
  await database.sql(
    `insert into outbox_events (id, aggregate_id, event_type, payload) values ($1, 'a', 'b', '{}')`,
    [good],
  );
  await write({ id: good, payload: '{"another": 1}' });

  expect(await moveOver(database)).toEqual([{ id: good, status: 'PENDING', reason: 'outbox_events_pkey' }]);
});

test('a row with an unknown status or none is listed as refused, and the last step does not drop it', async () => {
  await database.sql('alter table "OutboxEvent" alter status drop default, alter status drop not null');
  await database.sql('alter table "OutboxEvent" alter status type text using status::text');
  await write({ id: 'a', status: 'RETRYING' });
  await database.sql(
    `insert into "OutboxEvent" (id, "aggregateId", "eventType", payload) values ('b', 'a', 'b', '{}')`,
  );
  await write({ id: good, status: 'PENDING' });

  expect(await moveOver(database)).toEqual([
    { id: 'a', status: 'RETRYING', reason: 'unknown status' },
    { id: 'b', status: null, reason: 'unknown status' },
  ]);

  expect(await ids()).toEqual([good]);
  await expect(database.sql(pageBlock('clean-up'))).rejects.toThrow(/^nothing was dropped\. 2 events/);
  expect(await database.sql('select from "OutboxEvent"')).toHaveLength(3);
});

test('nothing is moved when a row is marked as moved without an event in the outbox', async () => {
  await write({ id: good });
  await database.sql(
    `create function swallow() returns trigger language plpgsql as 'begin return null; end'`,
  );
  await database.sql(
    'create trigger swallow before insert on outbox_events for each row execute function swallow()',
  );
  try {
    await expect(moveOver(database)).rejects.toThrow(
      'nothing was moved. Of 1 unfinished events 0 reached outbox_events, 0 were refused and 0 are left',
    );
  } finally {
    await database.sql('drop trigger swallow on outbox_events');
    await database.sql('drop function swallow');
  }

  expect(await database.sql('select status from "OutboxEvent"')).toEqual([{ status: 'PENDING' }]);
});

test('the page names every constraint of the table', async () => {
  const constraints = await database.sql<{ name: string }>(
    `select conname as name from pg_constraint where conrelid = 'outbox_events'::regclass and contype in ('c', 'p', 'u')`,
  );
  const page = projectText('docs/moving-over.md');

  expect(constraints.length).toBeGreaterThan(10);
  expect(constraints.filter(({ name }) => !page.includes(`\`${name}\``))).toEqual([]);
});

test('a corrected row is moved by the next run', async () => {
  await write({ id: good, payload: '[1]' });
  await moveOver(database);
  await database.sql(`update "OutboxEvent" set payload = '{"items": [1]}'`);

  expect(await moveOver(database)).toEqual([]);
  expect(await ids()).toEqual([good]);
});

describe('an old writer after the move', () => {
  beforeEach(() => moveOver(database));

  // Rows with a given time are left out: old writers insert rows with the current time.
  test.each(odd.filter(([, { createdAt }]) => createdAt === undefined))(
    'an old writer gets an error, as any producer does, for an event %s',
    async (_, event) => {
      await expect(write({ id: good, ...event })).rejects.toBeInstanceOf(pg.DatabaseError);

      expect(await ids()).toEqual([]);
      expect(await database.sql('select from "OutboxEvent"')).toEqual([]);
    },
  );

  test('an old writer whose transaction is rolled back has written no event', async () => {
    const connection = await database.connect();
    await connection.query('begin');
    await connection.query(`insert into "OutboxEvent" values ($1, 'a', 'b', '{}')`, [good]);
    await connection.query('rollback');
    connection.release();

    expect(await ids()).toEqual([]);
  });

  test('an old writer that repeats an insert with "on conflict do nothing" has written one event', async () => {
    const insert = `insert into "OutboxEvent" values ($1, 'a', 'b', '{}') on conflict do nothing`;
    await database.sql(insert, [good]);
    await database.sql('delete from outbox_events'); // As a purge does.
    await database.sql(insert, [good]);

    expect(await ids()).toEqual([]);
  });

  test('an old writer that records a published event writes no event', async () => {
    await write({ id: good, status: 'PROCESSED', processedAt: '2026-01-01' });

    expect(await ids()).toEqual([]);
  });

  test('an old writer needs no rights on the outbox and gets back the row that it wrote', async () => {
    await database.sql(`create role ${user}`);
    await database.sql(`grant select, insert on "OutboxEvent" to ${user}`);
    const connection = await database.connect();
    await connection.query(`set role ${user}`);
    // A table of the same name earlier in the search path must not receive the event.
    await connection.query('create temporary table outbox_events (like "OutboxEvent")');

    const { rows } = await connection.query(
      `insert into "OutboxEvent" values ($1, 'a', 'b', '{}') returning id, status`,
      [good],
    );
    await connection.query('drop table pg_temp.outbox_events');
    await connection.query('reset role');
    connection.release();

    expect(rows).toEqual([{ id: good, status: 'PENDING' }]);
    expect(await ids()).toEqual([good]);
  });
});
