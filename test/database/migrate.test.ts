import { beforeEach, describe, expect, test } from '@jest/globals';
import { MigrationFailed, migrate } from '../../database/migrate.ts';
import type { Migration } from '../../database/migration.ts';
import { readMigrations } from '../../database/read-migrations.ts';
import { DatabaseUnavailable } from '../../outbox/errors.ts';
import { fencedBlock } from '../support/fenced-block.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase({ empty: true });

beforeEach(() => database.sql('drop schema public cascade; create schema public'));

const first: Migration = {
  name: '0001_first',
  sql: 'create table numbers (n integer)\n--> statement-breakpoint\ninsert into numbers values (1)',
};
const second: Migration = { name: '0002_second', sql: 'alter table numbers rename column n to number' };

const tables = async () => {
  const rows = await database.sql<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' order by 1`,
  );
  return rows.map(({ name }) => name);
};
const history = async () => {
  const rows = await database.sql<{ name: string }>('select name from outbox_migrations order by name');
  return rows.map(({ name }) => name);
};

test('migrations are applied in their order, and a second run applies nothing', async () => {
  expect(await migrate(database.dataApi, [first, second])).toEqual(['0001_first', '0002_second']);

  expect(await database.sql('select number from numbers')).toEqual([{ number: 1 }]);
  expect(await migrate(database.dataApi, [first, second])).toEqual([]);
  expect(await database.sql('select number from numbers')).toEqual([{ number: 1 }]);
});

test('a later release applies only the new migrations', async () => {
  await migrate(database.dataApi, [first]);

  expect(await migrate(database.dataApi, [first, second])).toEqual(['0002_second']);
});

test('the migrations of this release create the outbox, and the history lists them', async () => {
  const migrations = await readMigrations();
  const names = migrations.map(({ name }) => name);

  expect(await migrate(database.dataApi, migrations)).toEqual(names);

  expect(await tables()).toEqual([
    'outbox_events',
    'outbox_installation',
    'outbox_migrations',
    'outbox_ordering_keys',
    'outbox_ordering_queue',
  ]);
  expect(await history()).toEqual(names);
});

test('the teardown page drops everything that the migrations create', async () => {
  const objects = () =>
    database.sql(
      `select cast(proname as text) as name from pg_proc where pronamespace = 'public'::regnamespace
       union all select cast(relname as text) from pg_class where relnamespace = 'public'::regnamespace
       union all select cast(typname as text) from pg_type where typnamespace = 'public'::regnamespace`,
    );
  await migrate(database.dataApi, await readMigrations());
  expect((await objects()).length).toBeGreaterThan(10);

  await database.sql(fencedBlock('docs/deploy.md', 'drop'));

  expect(await objects()).toEqual([]);
});

test('when several migrators run at once, each migration is applied by exactly one', async () => {
  const migrations = await readMigrations();

  const applied = await Promise.all([1, 2, 3].map(() => migrate(database.dataApi, migrations)));

  expect(applied.flat().toSorted()).toEqual(migrations.map(({ name }) => name));
});

test('an edited migration that was already applied is refused, and no later one is applied', async () => {
  await migrate(database.dataApi, [first]);
  const edited = { ...first, sql: `${first.sql} ` };

  const run = migrate(database.dataApi, [edited, second]);

  await expect(run).rejects.toThrow(MigrationFailed);
  await expect(run).rejects.toThrow(/0001_first was edited/);
  expect(await history()).toEqual(['0001_first']);
});

describe('a checkout with CRLF line endings', () => {
  const crlf = (migrations: readonly Migration[]) =>
    migrations.map(({ name, sql }) => ({ name, sql: sql.replaceAll('\n', '\r\n') }));

  test.each([
    ['after', (lf: readonly Migration[]) => [lf, crlf(lf)]],
    ['before', (lf: readonly Migration[]) => [crlf(lf), lf]],
  ])('a checkout with CRLF has the same migrations %s one with LF', async (_, inOrder) => {
    const [earlier = [], later = []] = inOrder(await readMigrations());

    await migrate(database.dataApi, earlier);

    expect(await migrate(database.dataApi, later)).toEqual([]);
  });

  test('a checkout with CRLF creates the same functions', async () => {
    const bodies = () =>
      database.sql(
        `select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace order by 1`,
      );
    await migrate(database.dataApi, await readMigrations());
    const made = await bodies();
    await database.sql('drop schema public cascade; create schema public');

    await migrate(database.dataApi, crlf(await readMigrations()));

    expect(made.length).toBeGreaterThan(5);
    expect(await bodies()).toEqual(made);
  });
});

describe('a failing statement in a migration', () => {
  const broken: Migration = {
    name: '0002_broken',
    sql: [
      'create table half_done (n integer)',
      'insert into half_done values (1)',
      'insert into half_done values (1 / 0)',
      'create table never_reached (n integer)',
    ].join('\n--> statement-breakpoint\n'),
  };

  test('a failing migration is reported with its name, the number and text of the statement, and the reason', async () => {
    const error: unknown = await migrate(database.dataApi, [broken]).catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(MigrationFailed);
    expect(error).toMatchObject({ name: 'MigrationFailed', cause: { name: 'DatabaseRefused' } });
    const { message } = error as MigrationFailed;
    expect(message).toContain('migration 0002_broken, statement 3 of 4 failed');
    expect(message).toContain('division by zero');
    expect(message).toContain('insert into half_done values (1 / 0)');
  });

  test('a failing migration changes nothing, and earlier migrations stay applied', async () => {
    await expect(migrate(database.dataApi, [first, broken, second])).rejects.toThrow(MigrationFailed);

    expect(await tables()).toEqual(['numbers', 'outbox_migrations']);
    expect(await history()).toEqual(['0001_first']);
  });

  test('a failing migration is applied after it has been corrected', async () => {
    await expect(migrate(database.dataApi, [broken])).rejects.toThrow(MigrationFailed);

    const right = { ...broken, sql: broken.sql.replace('1 / 0', '1 / 1') };

    expect(await migrate(database.dataApi, [right])).toEqual(['0002_broken']);
    expect(await tables()).toEqual(['half_done', 'never_reached', 'outbox_migrations']);
  });
});

test('no migration contains a colon, because a parser of named parameters could misread it', async () => {
  for (const { name, sql } of await readMigrations()) {
    expect([name, sql.match(/[^\n]*:[^\n]*/g)]).toEqual([name, null]);
  }
});

test('the error for a missing database contains its name and what to do', async () => {
  const refused = new DatabaseUnavailable(
    'BadRequestException: FATAL: database "bellyfed" does not exist; SQLState: 3D000',
  );
  const missing = { ...database.dataApi, transaction: () => Promise.reject(refused) };

  await expect(migrate(missing, [first])).rejects.toMatchObject({
    name: 'DatabaseMissing',
    message:
      'database "bellyfed" does not exist in this cluster: create it, or set databaseName (outbox:databaseName) to the one that holds the application\'s own tables',
  });
});
