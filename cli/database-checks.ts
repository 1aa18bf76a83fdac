import { readMigrations } from '../database/read-migrations.ts';
import type { Row, SqlValue } from '../outbox/data-api.ts';
import type { Context } from './action.ts';
import { tableColumns } from './expected-columns.ts';
import { type Check, failed, ok, processorRole, skipped } from './finding.ts';

// The statement timeout of the processor, which prevents that a retry overlaps the call that it repeats.
const STATEMENT_TIMEOUT_MS = 2_000;

// Also outside the search path, so that a check can report the schema.
const TABLE = `(
  select c.oid as id, n.oid as schema_id, quote_ident(n.nspname) as schema
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relname = 'outbox_events' and c.relkind = 'r'
  order by c.oid = to_regclass('outbox_events') desc nulls last
  limit 1)`;

const dataApi: Check = {
  name: 'Data API answers',
  remedy:
    'enable the Data API on the cluster; look at the ARNs of cluster and secret, and at the database name',
  async look({ database }) {
    const [row] = await database().query(
      'select cast(current_user as text), cast(current_database() as text)',
    );
    return ok(`as ${row?.[0]} in ${row?.[1]}`);
  },
};

const location: Check = {
  name: 'the outbox is found',
  remedy: 'deploy again: the migration creates it',
  async look({ database }) {
    const [row] = await database().query(`
      select t.schema, t.id = to_regclass('outbox_events'), has_schema_privilege(t.schema_id, 'usage'),
        cast(current_user as text), current_setting('search_path') from ${TABLE} as t`);
    if (row === undefined) return failed('the database was never migrated', location.remedy);
    const [schema, found, usable, user, searchPath] = row;
    if (found === true) return ok(`in schema ${schema}`);
    const remedy = asOwner(`select ${schema}.outbox_grant_processor('${user}')`);
    return usable === true
      ? failed(`it is in schema ${schema}, and ${user} has the search_path ${searchPath}`, remedy)
      : failed(`it is in schema ${schema}, which ${user} may not use`, remedy);
  },
};

const migrations: Check = {
  name: 'migrations are current',
  remedy: 'deploy again: the migration runs before the schedule changes',
  async look({ database }) {
    const [access] = await database().query(`
      select to_regclass('outbox_migrations') is not null,
        coalesce(has_table_privilege(to_regclass('outbox_migrations'), 'select'), false)`);
    if (access?.[0] !== true) return failed('the database was never migrated', migrations.remedy);
    if (access[1] !== true)
      return skipped("this secret's user may not read outbox_migrations: give --secret-arn of the owner");
    const rows = await database().query('select name, checksum from outbox_migrations');
    const applied = new Map(rows.map(([name, checksum]) => [name, checksum]));
    const expected = await readMigrations();
    const missing = expected.filter(({ name }) => !applied.has(name));
    if (missing.length > 0)
      return failed(`not applied: ${missing.map(({ name }) => name).join(', ')}`, migrations.remedy);
    const edited = expected.filter(({ name, checksum }) => applied.get(name) !== checksum);
    if (edited.length > 0) {
      return failed(
        `other than here: ${edited.map(({ name }) => name).join(', ')}`,
        'use the CLI of the version that is deployed; an applied migration is never edited',
      );
    }
    const newer = rows.length - expected.length;
    return newer > 0 ? failed(`${newer} unknown here`, 'update this checkout') : ok(`${rows.length} applied`);
  },
};

const INCOMPLETE = `
  select 'has no column ' || name from jsonb_array_elements_text(cast(:columns as jsonb)) as name
  where not exists (select from pg_attribute where attrelid = to_regclass('outbox_events') and attname = name and not attisdropped)
  union all
  select 'does not check events: its trigger outbox_check_event is missing or disabled' where not exists (
    select from pg_trigger
    where tgrelid = to_regclass('outbox_events') and tgname = 'outbox_check_event' and tgenabled in ('O', 'A'))`;

const table: Check = {
  name: 'the table is complete',
  remedy: 'deploy again',
  look: listed(INCOMPLETE, async () => ({ columns: JSON.stringify(tableColumns(await readMigrations())) }), {
    none: () => 'every column, and its trigger',
    some: (what) => `outbox_events ${what}`,
    remedy: () => 'as the owner: alter the table back to what database/migrations says',
  }),
};

// What the functions of the processor do to each table, as a privilege and as the code of a policy.
const NEEDED = `(values
  ('outbox_events', 'select', 'r'), ('outbox_events', 'update', 'w'), ('outbox_events', 'delete', 'd'),
  ('outbox_backlog', 'select', 'r'), ('outbox_installation', 'select', 'r'),
  ('outbox_ordering_keys', 'select', 'r'), ('outbox_ordering_keys', 'update', 'w'),
  ('outbox_ordering_queue', 'select', 'r'), ('outbox_ordering_queue', 'update', 'w'),
  ('outbox_ordering_queue', 'delete', 'd')) as needed(name, what, code)`;

const PRIVILEGES = `
  with processor as (select oid from pg_roles where rolname = :role), the_table as ${TABLE}
  select what || ' ' || name from processor, the_table,
    ${NEEDED} join pg_class c on c.relname = needed.name
  where c.relnamespace = the_table.schema_id and not has_table_privilege(processor.oid, c.oid, what)
  union all
  select 'execute ' || signature from processor, the_table,
    unnest(array['outbox_detail(uuid, text, jsonb)',
      'outbox_detail(uuid, text, jsonb, text, bigint, bigint)', 'outbox_wake_keys(text[], bigint[])', 'outbox_backoff(integer, integer, integer)', 'outbox_count(text)',
      'claim_outbox_events(uuid, text, integer, integer, integer, integer, integer, timestamp with time zone, timestamp with time zone)',
      'claim_outbox_events(uuid, text, integer, integer, integer, integer, integer, timestamp with time zone, timestamp with time zone, integer, boolean)']) as signature
  where not exists (select from pg_proc where pronamespace = the_table.schema_id
    and proname || '(' || oidvectortypes(proargtypes) || ')' = signature
    and has_function_privilege(processor.oid, pg_proc.oid, 'execute'))
  union all
  select 'use schema ' || schema from processor, the_table where not has_schema_privilege(processor.oid, schema_id, 'usage')
  union all
  select 'connect to ' || current_database() from processor
  where not has_database_privilege(processor.oid, current_database(), 'connect')
  union all
  select 'sign in' where not exists (select from pg_roles where rolname = :role and rolcanlogin)`;

const role: Check = {
  name: 'the processor may do what it must',
  remedy: 'deploy again',
  look: listed(PRIVILEGES, (context) => ({ role: processorRole(context) }), {
    none: (name) => `${name} may`,
    some: (what, name) => `${name} may not ${what}`,
    remedy: (name) => `${grantAgain(name)}; if the role is missing, deploy again`,
  }),
};

// A policy whose condition is not simply true is treated as one that hides rows.
const HIDDEN = `
  with processor as (select oid from pg_roles where rolname = :role and not rolsuper and not rolbypassrls),
    secured as (
      select needed.name, what, code, c.oid from processor, ${TABLE} as the_table,
        ${NEEDED} join pg_class c on c.relname = needed.name
      where c.relnamespace = the_table.schema_id and c.relrowsecurity
        and (c.relforcerowsecurity or not pg_has_role(processor.oid, c.relowner, 'usage'))),
    policy as (
      select p.* from processor, pg_policy p
      where p.polrelid in (select oid from secured) and exists (
        select from unnest(p.polroles) as member where member = 0 or pg_has_role(processor.oid, member, 'usage')))
  select 'no policy lets it ' || what || ' ' || name from secured
  where not exists (select from policy where polrelid = secured.oid and polpermissive
    and polcmd in ('*', cast(code as "char")) and pg_get_expr(polqual, polrelid) = 'true')
  union all
  select 'the restrictive policy ' || polname || ' hides rows of ' || cast(polrelid as regclass) || ' from it'
  from policy where not polpermissive`;

const rowSecurity: Check = {
  name: 'row security hides nothing',
  remedy: 'deploy again',
  look: listed(HIDDEN, (context) => ({ role: processorRole(context) }), {
    none: (name) => `${name} sees every row`,
    some: (what, name) => `row security is on and hides rows from ${name}: ${what}`,
    remedy: (name) => `${grantAgain(name)}, which creates a policy; a restrictive one has to be dropped`,
  }),
};

const SETTINGS = `
  select name || ' is ' || current_setting(name) || ' instead of ' || wanted
  from pg_settings join (values
    ('transaction_isolation', 'read committed', 'read committed'),
    ('transaction_read_only', 'off', 'off'),
    ('statement_timeout', '${STATEMENT_TIMEOUT_MS / 1000}s', null)
  ) as needed(name, wanted, exactly) using (name)
  where case when exactly is null then cast(setting as integer) not between 1 and ${STATEMENT_TIMEOUT_MS}
    else setting <> exactly end`;

const sessions: Check = {
  name: 'its sessions are set up',
  remedy: 'deploy again',
  async look(context) {
    const name = processorRole(context);
    const [row] = await context.database().query('select cast(current_user as text)');
    if (row?.[0] !== name)
      return skipped(`signed in as ${row?.[0]}: what is in force for ${name} shows with its own secret`);
    const found = await context.database().query(SETTINGS);
    return found.length === 0
      ? ok('read committed, statements end after 2 s')
      : failed(found.flat().join(', '), `${grantAgain(name)}; open sessions keep what they have`);
  },
};

/** A check whose statement returns a row for each problem. */
function listed(
  sql: string,
  parameters: (context: Context) => Promise<Record<string, SqlValue>> | Record<string, SqlValue>,
  words: {
    readonly none: (role: string) => string;
    readonly some: (what: string, role: string) => string;
    readonly remedy: (role: string) => string;
  },
): Check['look'] {
  return async (context) => {
    const name = processorRole(context);
    const faults: readonly Row[] = await context.database().query(sql, await parameters(context));
    return faults.length === 0
      ? ok(words.none(name))
      : failed(words.some(faults.flat().join(', '), name), words.remedy(name));
  };
}

const asOwner = (statement: string) => `as the owner: ${statement}`;
const grantAgain = (name: string) => asOwner(`select outbox_grant_processor('${name}')`);

/** Requirements of the functions for the database; run these checks with the secret of the processor. */
export const databaseChecks: readonly Check[] = [
  dataApi,
  location,
  migrations,
  table,
  role,
  rowSecurity,
  sessions,
];
