import type { DataApi, TransactionalDataApi } from '../outbox/data-api.ts';
import { checksumOf, type Migration, migrationText } from './migration.ts';
import { OUTSIDE_A_TRANSACTION, runOutside } from './run-outside.ts';

/** Names the statement that failed; the cause is the error of the database. */
export class MigrationFailed extends Error {
  override readonly name = 'MigrationFailed';
}

/** The outbox belongs in the database of the application, and only the application creates it: do not wait for it. */
export class DatabaseMissing extends Error {
  override readonly name = 'DatabaseMissing';
}

const CREATE_HISTORY = `
  create table if not exists outbox_migrations (
    name text primary key, checksum text not null, applied_at timestamptz not null default now())`;

// One schema contains the outbox: that of earlier migrations, else the first one in the search path of the owner. The
// functions keep this path. Temporary tables come last in it, so that none of them hides a table of the outbox.
const PIN_SCHEMA = `
  select case when name is not null then set_config('search_path', quote_ident(name) || ', pg_temp', true) end,
    cast(current_user as text), current_setting('search_path'), quote_ident(name)
  from (select coalesce(
    (select nspname from pg_class join pg_namespace n on n.oid = relnamespace
     where pg_class.oid = to_regclass('outbox_migrations')),
    current_schema())) as pinned(name)`;

// A session lock does not help, because every call may use another connection. This lock ends with its transaction.
const LOCK = `select cast(pg_advisory_xact_lock(hashtextextended('outbox_migrations', 0)) as text)`;

/**
 * Applies new migrations, each in its own transaction unless it says otherwise, and returns their names.
 * @throws DatabaseMissing, or MigrationFailed, which leaves the database as after the previous migration
 */
export async function migrate(
  database: TransactionalDataApi,
  migrations: readonly Migration[],
): Promise<string[]> {
  await database
    .transaction(async (inside) => {
      // `create table if not exists` can fail when two migrators run it at the same moment.
      await inside.query(LOCK);
      await pinSchema(inside);
      await inside.query(CREATE_HISTORY);
    })
    .catch((error: unknown) => {
      throw missingDatabase(error) ?? error;
    });
  const applied: string[] = [];
  for (const migration of migrations) {
    const outside = migrationText(migration.sql).startsWith(OUTSIDE_A_TRANSACTION);
    if (await (outside ? applyOutside : applyInside)(database, migration)) applied.push(migration.name);
  }
  return applied;
}

function applyInside(database: TransactionalDataApi, migration: Migration): Promise<boolean> {
  return database.transaction(async (inside) => {
    if ((await begin(inside, migration)) === undefined) return false;
    await runAll(migration, (statement) => inside.query(statement));
    await record(inside, migration);
    return true;
  });
}

/** No transaction stays open meanwhile, because a concurrent build may wait for it. */
async function applyOutside(database: TransactionalDataApi, migration: Migration): Promise<boolean> {
  const schema = await database.transaction((inside) => begin(inside, migration));
  if (schema === undefined) return false;
  await runAll(migration, (statement) => runOutside(database, schema, statement));
  return database.transaction(async (inside) => {
    if ((await begin(inside, migration)) === undefined) return false;
    await record(inside, migration);
    return true;
  });
}

// 3D000: https://www.postgresql.org/docs/17/errcodes-appendix.html
function missingDatabase(cause: unknown): DatabaseMissing | undefined {
  const sentence = /(database ".*" does not exist); SQLState: 3D000/.exec(String(cause))?.[1];
  if (sentence === undefined) return undefined;
  return new DatabaseMissing(
    `${sentence} in this cluster: create it, or set databaseName (outbox:databaseName) to the one that holds the application's own tables`,
    { cause },
  );
}

/** Sets the search path for the rest of the transaction, and returns the schema as an identifier. */
async function pinSchema(inside: DataApi): Promise<string> {
  const [[pinned, user, searchPath, schema] = []] = await inside.query(PIN_SCHEMA);
  if (typeof pinned === 'string') return String(schema);
  throw new MigrationFailed(
    `no schema to create the outbox in: ${user} has the search_path ${searchPath}, and may use no schema of it`,
  );
}

/** Returns the schema of the outbox, or undefined when this migration is applied already. */
async function begin(inside: DataApi, { name, sql }: Migration): Promise<string | undefined> {
  await inside.query(LOCK);
  const schema = await pinSchema(inside);
  const [known] = await inside.query('select checksum from outbox_migrations where name = :name', { name });
  if (known === undefined) return schema;
  if (known[0] === checksumOf(sql)) return undefined;
  throw new MigrationFailed(
    `migration ${name} was edited after it had been applied: restore it and write a new migration`,
  );
}

async function runAll({ name, sql }: Migration, run: (statement: string) => Promise<unknown>): Promise<void> {
  const statements = migrationText(sql).split(/^--> statement-breakpoint$/m);
  for (const [index, statement] of statements.entries()) {
    await run(statement).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MigrationFailed(
        `migration ${name}, statement ${index + 1} of ${statements.length} failed: ${reason}\n${statement.trim()}`,
        { cause },
      );
    });
  }
}

async function record(inside: DataApi, { name, sql }: Migration): Promise<void> {
  await inside.query('insert into outbox_migrations (name, checksum) values (:name, :checksum)', {
    name,
    checksum: checksumOf(sql),
  });
}
