import { beforeEach, describe, expect, test } from '@jest/globals';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();

beforeEach(() => database.sql('delete from outbox_events'));

describe('an operator who corrects an event', () => {
  const written = () => database.sql('select payload, detail_bytes, state_bytes from outbox_events');

  test('a correction of an event also updates its stored sizes', async () => {
    await insertEvent(database);
    for (const change of [`payload = '{"text": "\\"é\\""}'`, `aggregate_id = 'a longer one'`]) {
      await database.sql(`update outbox_events set ${change}`);

      const [row] = await database.sql<{ detail: string }>(
        `select outbox_detail(id, aggregate_id, payload) as detail from outbox_events`,
      );
      expect(await written()).toEqual([
        expect.objectContaining({
          detail_bytes: Buffer.byteLength(row?.detail ?? ''),
          state_bytes: Buffer.byteLength(JSON.stringify(row?.detail)) - 2,
        }),
      ]);
    }
  });

  test('a correction of an event is refused for the same reasons as an insert', async () => {
    await insertEvent(database);
    const before = await written();

    const changes: readonly [string, string][] = [
      [`payload = '[]'`, 'payload_is_a_json_object'],
      [`payload = '{"n": 12345678901234567890}'`, 'payload_integers_fit_int64'],
      [
        `payload = jsonb_build_object('a', cast(repeat('[', 1000) || repeat(']', 1000) as jsonb))`,
        'payload_nests_at_most_1000_levels',
      ],
      [`payload = jsonb_build_object('a', repeat('x', 1048576))`, 'event_fits_one_put_events_request'],
    ];
    for (const [change, constraint] of changes) {
      const update = database.sql(`update outbox_events set ${change}`);
      await expect(update).rejects.toMatchObject({ code: '23514', constraint });
    }
    expect(await written()).toEqual(before);
  });
});

test('a refusal names the constraint and explains what to write instead', async () => {
  const insert = `insert into outbox_events (aggregate_id, event_type, payload) values ('a', 'b', '{"n": 1e400}')`;

  await expect(database.sql(insert)).rejects.toMatchObject({
    code: '23514',
    constraint: 'payload_integers_fit_int64',
    schema: 'public',
    table: 'outbox_events',
    column: 'payload',
    hint: expect.stringMatching(/text/),
    detail: undefined,
  });
});

test('a driver that asks for the parameter types of the insert gets jsonb for the payload', async () => {
  const connection = await database.connect();
  await connection.query(
    'prepare asked as insert into outbox_events (aggregate_id, event_type, payload) values ($1, $2, $3)',
  );
  const { rows } = await connection.query(
    `select cast(parameter_types as text) as types from pg_prepared_statements where name = 'asked'`,
  );
  await connection.query('deallocate asked');
  connection.release();

  expect(rows).toEqual([{ types: '{text,text,jsonb}' }]);
});

describe('a change of the status', () => {
  const processed = `update outbox_events set status = 'PROCESSED', due_at = null, processed_at = now()`;

  test('a change of the status does not read the payload', async () => {
    await insertEvent(database, { payload: '{"total": 1}' });

    await rolledBack(async (query) => {
      await query(
        `create or replace function outbox_check_event() returns trigger language plpgsql as $$
         begin raise exception 'the payload was read'; end $$`,
      );
      await query('savepoint before');
      await expect(query(`update outbox_events set payload = '{"total": 2}'`)).rejects.toThrow(
        'the payload was read',
      );
      await query('rollback to before');
      await query(`update outbox_events set lease_token = gen_random_uuid(), status = 'PROCESSING'`);
      await query(processed);
    });
  });

  test('a change of the status is allowed even when the stored payload is invalid', async () => {
    await rolledBack(async (query) => {
      await query('alter table outbox_events disable trigger outbox_check_event');
      await query(
        `insert into outbox_events (aggregate_id, event_type, payload, detail_bytes, state_bytes)
         values ('a', 'b', '{"n": 99999999999999999999}', 0, 0)`,
      );
      await query('alter table outbox_events enable trigger outbox_check_event');

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
