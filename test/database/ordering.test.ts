import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { waitUntilBlocked } from '../support/blocked-sessions.ts';
import { claimBatch, idsOf } from '../support/claiming.ts';
import { emptyOutbox, insertOneByOne, insertOrdered, queuedKey } from '../support/ordered-rows.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase();

beforeEach(() => emptyOutbox(database));

async function withClient<T>(work: (client: Awaited<ReturnType<typeof database.connect>>) => Promise<T>) {
  const client = await database.connect();
  try {
    return await work(client);
  } finally {
    client.release(true);
  }
}

const sequences = async () =>
  (
    await database.sql<{ id: string; sequence: string }>(
      'select id, sequence from outbox_events order by sequence',
    )
  ).map(({ id }) => id);

describe('the key of an event', () => {
  test.each([
    ['', false],
    ['k', true],
    ['k'.repeat(128), true],
    ['😀'.repeat(128), true],
    ['k'.repeat(129), false],
  ])(
    'a key of one to 128 characters is accepted, any other is refused by name (%#)',
    async (key, accepted) => {
      const insert = withClient((client) => insertOrdered(client, [key]));

      if (accepted) expect(await insert).toHaveLength(1);
      else await expect(insert).rejects.toMatchObject({ constraint: 'ordering_key_is_1_to_128_characters' });
    },
  );

  test('a key that is too long for an index is refused by the same name', async () => {
    const key = Array.from({ length: 500 }, (_, index) =>
      createHash('sha256').update(`${index}`).digest('hex'),
    ).join('');

    await expect(withClient((client) => insertOrdered(client, [key]))).rejects.toMatchObject({
      constraint: 'ordering_key_is_1_to_128_characters',
    });
  });

  test('the key of an event cannot be changed later, because no claim would look at the new one', async () => {
    const [id] = await withClient((client) => insertOrdered(client, ['a', null]));

    for (const statement of [
      `update outbox_events set ordering_key = 'b'`,
      `update outbox_events set ordering_key = 'b' where ordering_key is null`,
      `update outbox_events set ordering_key = null where ordering_key is not null`,
    ])
      await expect(database.sql(statement)).rejects.toMatchObject({
        constraint: 'ordering_key_never_changes',
      });
    await database.sql(`update outbox_events set ordering_key = 'a' where ordering_key = 'a'`);
    expect(idsOf(await claimBatch(database))).toContain(id);
  });

  test.each([
    ['{"orderingKey": "a", "sequence": 7, "previousSequence": 6}', false],
    ['{"orderingKey": "a", "sequence": 7, "previousSequence": null}', false],
    ['{"orderingKey": "a", "sequence": 7}', true],
    ['{"nested": {"orderingKey": "a", "sequence": 7, "previousSequence": 6}}', true],
  ])(
    'an event without a key does not bring the place of another one in its payload (%s)',
    async (payload, accepted) => {
      const insert = (key: string | null) =>
        database.sql(
          `insert into outbox_events (aggregate_id, event_type, payload, ordering_key) values ('a', 'b', $1, $2)`,
          [payload, key],
        );

      if (accepted) await insert(null);
      else
        await expect(insert(null)).rejects.toMatchObject({
          constraint: 'payload_has_no_place_without_an_ordering_key',
        });
      await insert('a');
    },
  );

  test('an event without a key leaves no trace in the tables of the order', async () => {
    await withClient((client) => insertOrdered(client, [null]));

    expect(
      await database.sql('select from outbox_ordering_keys union all select from outbox_ordering_queue'),
    ).toEqual([]);
  });
});

describe('the place of an event', () => {
  test('producers of one key take turns, so that sequences follow the order of their commits', async () => {
    const ids = await withClient(async (first) => {
      await first.query('begin');
      const [one] = await insertOrdered(first, ['a']);
      const second = withClient((client) => insertOrdered(client, ['a']));
      await waitUntilBlocked(database, 1);
      const [three] = await insertOrdered(first, ['a']);
      await first.query('commit');
      return [one, three, ...(await second)];
    });

    expect(await sequences()).toEqual(ids);
  });

  test('producers of other keys, and events without one, wait for nobody', async () => {
    await withClient(async (first) => {
      await first.query('begin');
      await insertOrdered(first, ['a']);

      const others = await withClient((client) => insertOrdered(client, ['b', null]));

      expect(others).toHaveLength(2);
      await first.query('commit');
    });
  });

  test('one statement may insert many events of many keys', async () => {
    const ids = await withClient((client) => insertOrdered(client, ['a', 'b', 'a', null, 'b']));

    expect(await sequences()).toEqual(ids);
    expect(idsOf(await claimBatch(database)).toSorted()).toEqual(ids.toSorted());
  });

  test('an event of a new key costs the same, however many keys its session has made', async () => {
    // As after the migration: the statistics say that there is no key.
    await database.sql('analyze outbox_ordering_keys, outbox_ordering_queue');
    const rowsRead = await withClient(async (client) => {
      await client.query('begin');
      await insertOrdered(client, ['first']);
      await client.query(
        `insert into outbox_events (aggregate_id, event_type, payload, ordering_key)
         select 'a', 'dish.created', '{}', 'key ' || n from generate_series(1, 500) as n`,
      );
      const { rows } = await client.query(
        `select cast(sum(seq_tup_read) as integer) as read from pg_stat_xact_user_tables where relname like 'outbox_ordering%'`,
      );
      return rows[0].read;
    });

    expect(rowsRead).toBe(0);
  });

  test('events that are copied in have places too', async () => {
    await database.sql(
      `copy outbox_events (aggregate_id, event_type, payload, ordering_key)
       from program 'for n in 1 2 3; do echo "a,b,{},key"; done' with (format csv)`,
    );

    const { events } = await claimBatch(database);
    expect(events.map(({ previousSequence }) => previousSequence)).toEqual([
      null,
      events[0]?.sequence,
      events[1]?.sequence,
    ]);
  });

  test('an event that conflicts and does nothing leaves a key that a claim finds empty', async () => {
    const [id] = await insertOneByOne(database, ['a']);

    await database.sql(
      `insert into outbox_events (id, aggregate_id, event_type, payload, ordering_key)
       values ($1, 'a', 'b', '{}', 'other') on conflict do nothing`,
      [id],
    );

    expect(await queuedKey(database, 'other')).toMatchObject({ due: true });
    expect(idsOf(await claimBatch(database))).toEqual([id]);
    expect(await queuedKey(database, 'other')).toBeUndefined();
  });

  test.each([
    ['a transaction', 'rollback', []],
    ['a savepoint', 'rollback to savepoint here; commit', ['kept']],
  ])(
    'the rollback of %s leaves nothing of its events, and the key works as before',
    async (_, ending, kept) => {
      await withClient(async (client) => {
        await client.query('begin');
        if (kept.length > 0) await insertOrdered(client, kept);
        await client.query('savepoint here');
        await insertOrdered(client, ['a', 'b']);
        await client.query(ending);
      });
      const later = await insertOneByOne(database, ['a', 'a']);

      const { events } = await claimBatch(database);

      expect(events.map(({ orderingKey }) => orderingKey)).toEqual([...kept, 'a', 'a']);
      expect(events.slice(-2).map(({ eventId }) => eventId)).toEqual(later);
      expect(events.at(-2)?.previousSequence).toBeNull();
    },
  );

  test('a producer that is killed before its commit leaves the key to the next one', async () => {
    await withClient(async (client) => {
      client.on('error', () => undefined);
      await client.query('begin');
      await insertOrdered(client, ['a']);
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      const ended = new Promise((resolve) => client.once('end', resolve));
      await database.sql('select pg_terminate_backend($1)', [rows[0]?.pid]);
      await ended;
    });

    const [id] = await insertOneByOne(database, ['a']);

    expect(idsOf(await claimBatch(database))).toEqual([id]);
  });

  test('at REPEATABLE READ a producer gets 40001 when another one has begun its key meanwhile', async () => {
    await withClient(async (client) => {
      await client.query('begin isolation level repeatable read');
      await client.query('select from outbox_events');
      const [id] = await insertOneByOne(database, ['new']);

      await expect(insertOrdered(client, ['new'])).rejects.toMatchObject({ code: '40001' });
      await client.query('rollback');
      expect(idsOf(await claimBatch(database))).toEqual([id]);
    });
  });

  test('a session without triggers cannot write an event that no claim would look at', async () => {
    await withClient(async (client) => {
      await client.query('set session_replication_role = replica');
      await expect(insertOrdered(client, ['a'])).rejects.toMatchObject({ column: 'detail_bytes' });
    });
  });

  test('at REPEATABLE READ a producer gets 40001 when another one of its key committed meanwhile', async () => {
    await insertOneByOne(database, ['a']);
    await claimBatch(database);
    await database.sql(`update outbox_events set status = 'PROCESSED', due_at = null, processed_at = now()`);
    await database.sql('update outbox_ordering_queue set due_at = now()');
    await claimBatch(database);
    expect(await queuedKey(database, 'a')).toBeUndefined();

    await withClient(async (client) => {
      await client.query('begin isolation level repeatable read');
      await client.query('select from outbox_events');
      const [id] = await insertOneByOne(database, ['a']);

      await expect(insertOrdered(client, ['a'])).rejects.toMatchObject({ code: '40001' });
      await client.query('rollback');
      expect(idsOf(await claimBatch(database))).toEqual([id]);
    });
  });
});
