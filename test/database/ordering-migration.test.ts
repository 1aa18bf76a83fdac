import { beforeEach, describe, expect, test } from '@jest/globals';
import { migrate } from '../../database/migrate.ts';
import { readMigrations } from '../../database/read-migrations.ts';
import { DatabaseUnavailable } from '../../outbox/errors.ts';
import { claimBatch } from '../support/claiming.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase({ empty: true });
const INSERT = `insert into outbox_events (aggregate_id, event_type, payload) values ('a', 'b', '{}')`;

/** The schema of release 0.2.0, with some events. */
beforeEach(async () => {
  await database.sql('drop schema public cascade; create schema public');
  await migrate(database.dataApi, (await readMigrations()).slice(0, 4));
  for (const _ of Array.from({ length: 3 })) await database.sql(INSERT);
});

const upgrade = async () => migrate(database.dataApi, await readMigrations());
const index = async (name: string) =>
  (
    await database.sql<{ oid: string; valid: boolean }>(
      'select indexrelid as oid, indisvalid as valid from pg_index where indexrelid = to_regclass($1)',
      [name],
    )
  )[0];

test('an upgrade under traffic keeps every event, and producers go on', async () => {
  let written = 3;
  let isDone = false;
  const producer = (async () => {
    while (!isDone) {
      await database.sql(INSERT);
      written += 1;
    }
  })();

  await upgrade().finally(() => {
    isDone = true;
  });
  await producer;

  expect(written).toBeGreaterThan(3);
  expect((await claimBatch(database, { maxEvents: written + 1 })).events).toHaveLength(written);
  expect(await index('outbox_events_due_of_all')).toBeUndefined();
  expect(await database.sql('select conname from pg_constraint where not convalidated')).toEqual([]);
});

describe('an upgrade that was interrupted', () => {
  const forget = () => database.sql(`delete from outbox_migrations where name = '0013_ordering_indexes'`);

  test('an index that is complete stays, and an invalid one is built again', async () => {
    await upgrade();
    const [complete, broken] = [await index('outbox_events_due'), await index('outbox_events_in_order')];
    await database.sql('update pg_index set indisvalid = false where indexrelid = $1', [broken?.oid]);
    await forget();

    expect(await upgrade()).toEqual(['0013_ordering_indexes']);

    expect(await index('outbox_events_due')).toEqual(complete);
    expect(await index('outbox_events_in_order')).toMatchObject({ valid: true });
    expect((await index('outbox_events_in_order'))?.oid).not.toBe(broken?.oid);
  });

  test('an upgrade that ends after each of its concurrent statements goes on with the next one', async () => {
    const { dataApi } = database;
    const issued: string[] = [];
    const ending = {
      ...dataApi,
      async query(...[sql, parameters]: Parameters<typeof dataApi.query>) {
        const rows = await dataApi.query(sql, parameters);
        const [statement] = /^(create index|drop index|alter table) .*/m.exec(sql) ?? [];
        if (statement === undefined || issued.includes(statement)) return rows;
        issued.push(statement);
        throw new DatabaseUnavailable('the migrator ended');
      },
    };
    // What transactions do is done as a whole or not at all.
    await migrate(dataApi, (await readMigrations()).slice(0, 10));

    let ended = 0;
    while (!(await migrate(ending, await readMigrations()).then(Boolean, () => false))) ended += 1;

    expect(issued).toHaveLength(6);
    expect(ended).toBeGreaterThan(0);
    expect(await upgrade()).toEqual([]);
    expect(await database.sql('select from pg_index where not indisvalid')).toEqual([]);
    expect(await index('outbox_events_in_order')).toMatchObject({ valid: true });
    expect(await index('outbox_events_due_of_all')).toBeUndefined();
  });

  test('an error of a build that succeeded is no failure, any other is', async () => {
    const failing = (afterwards: boolean) => {
      const { dataApi } = database;
      return {
        ...dataApi,
        async query(...[sql, parameters]: Parameters<typeof dataApi.query>) {
          if (!/^create index concurrently outbox_events_in_order/m.test(sql))
            return dataApi.query(sql, parameters);
          if (afterwards) await dataApi.query(sql, parameters);
          throw new DatabaseUnavailable('StatementTimeoutException: Request timed out');
        },
      };
    };
    await expect(migrate(failing(false), await readMigrations())).rejects.toThrow(/0013.*timed out/s);

    expect(await migrate(failing(true), await readMigrations())).toContain('0013_ordering_indexes');
  });
});

test('an upgrade does not wait behind a long transaction, because producers would wait behind it', async () => {
  const client = await database.connect();
  await client.query('begin');
  await client.query(INSERT);

  const refused = upgrade();

  await expect(refused).rejects.toThrow(/lock timeout/);
  await expect(refused).rejects.toMatchObject({ cause: expect.any(DatabaseUnavailable) });
  await database.sql(INSERT);
  await client.query('commit');
  client.release();
  expect(await upgrade()).toContain('0013_ordering_indexes');
});
