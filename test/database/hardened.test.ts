import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readBacklog } from '../../cli/backlog.ts';
import { readBus } from '../../cli/outage.ts';
import { readEventStory } from '../../console/server/event-story.ts';
import { readFailures } from '../../console/server/failures.ts';
import { listEvents } from '../../console/server/list-events.ts';
import { migrate } from '../../database/migrate.ts';
import { readMigrations } from '../../database/read-migrations.ts';
import { ensureRole } from '../../database/roles.ts';
import { claim } from '../../outbox/claim.ts';
import { markFailed } from '../../outbox/mark-failed.ts';
import { markProcessed } from '../../outbox/mark-processed.ts';
import { readPause } from '../../outbox/pause.ts';
import { purge } from '../../outbox/purge.ts';
import { readDetail } from '../../outbox/read-detail.ts';
import { redriveProgress } from '../../outbox/redrive-progress.ts';
import { release } from '../../outbox/release.ts';
import { countMatches, requeue } from '../../outbox/requeue.ts';
import { skip } from '../../outbox/skip.ts';
import { limits, runId } from '../support/claiming.ts';
import { guideTables, moveScript } from '../support/guide-table.ts';
import { backoff, failed, published } from '../support/marking.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import {
  deploy,
  type PartiesDatabase,
  type Prepare,
  usePartiesDatabase,
} from '../support/parties-database.ts';

const server = useOutboxDatabase({ empty: true });

// Functions in a schema before pg_catalog: a call of any of them fails.
const shadow = (name: string, parameters: string, result: string) =>
  `create function app.${name}(${parameters}) returns ${result} language plpgsql as $$
   begin raise exception 'a function of the search_path was called instead of %', '${name}'; end $$`;

/** What a cautious administrator changes in a database before others may use it. */
const hardened: Prepare = ({ database, owner }) => [
  'create schema app',
  `alter schema app owner to ${owner}`,
  'revoke all on schema app, public from public',
  `revoke all on database ${database} from public`,
  `alter default privileges for role ${owner} revoke execute on functions from public`,
  shadow('now', '', 'timestamptz'),
  shadow('clock_timestamp', '', 'timestamptz'),
  shadow('octet_length', 'text', 'integer'),
  shadow('char_length', 'text', 'integer'),
  shadow('jsonb_typeof', 'jsonb', 'text'),
  'grant execute on all functions in schema app to public',
  ...Object.entries({
    search_path: 'app, pg_catalog, public',
    default_transaction_isolation: `'serializable'`,
    timezone: `'Pacific/Kiritimati'`,
    datestyle: `'SQL, DMY'`,
    intervalstyle: `'sql_standard'`,
    bytea_output: `'escape'`,
    extra_float_digits: '-15',
    standard_conforming_strings: 'off',
    escape_string_warning: 'off',
    quote_all_identifiers: 'on',
    plan_cache_mode: 'force_generic_plan',
  }).map(([name, value]) => `alter database ${database} set ${name} = ${value}`),
];

const secured = [
  'outbox_events',
  'outbox_migrations',
  'outbox_installation',
  'outbox_ordering_keys',
  'outbox_ordering_queue',
].flatMap((table) => [
  `alter table app.${table} enable row level security`,
  `alter table app.${table} force row level security`,
]);

describe.each<[string, Prepare, readonly string[]]>([
  ['an ordinary database', () => [], []],
  ['a hardened database', hardened, []],
  ['a hardened database whose row security was switched on later', hardened, secured],
])('the outbox in %s', (_, prepare, later) => {
  const database = usePartiesDatabase(server, prepare);

  beforeAll(async () => {
    for (const statement of later) await database.sql(statement);
  });
  beforeEach(async () => {
    await database.dataApi('owner').query('delete from outbox_events');
  });

  test.each(['producer', 'application'] as const)('the %s can write events in every way', async (party) => {
    await database
      .dataApi(party)
      .query(
        `insert into outbox_events (aggregate_id, event_type, payload) values ('7', 'a', '{"n": 1e22, "m": 1234567890123456789}')`,
      );
    const id = randomUUID();
    const connection = await database.connect(party);
    const insert = `insert into outbox_events (id, aggregate_id, event_type, payload, due_at)
      values ($1, '7', 'a', $2, '2100-01-01T00:00:00Z') on conflict (id) do nothing returning id`;
    const first = await connection.query(insert, [id, '{}']);
    const again = await connection.query(insert, [id, '{}']);
    const refused = connection.query(insert, [randomUUID(), '[]']);
    await expect(refused).rejects.toMatchObject({ constraint: 'payload_is_a_json_object' });
    connection.release();

    expect([first.rows, again.rows]).toEqual([[{ id }], []]);
    expect(
      await database.dataApi('owner').query('select payload from outbox_events order by sequence'),
    ).toEqual([['{"m": 1234567890123456789, "n": 10000000000000000000000.0}'], ['{}']]);
  });

  test.each(['producer', 'application'] as const)(
    'ordered events of the %s are claimed, marked, failed, skipped and redriven by the processor',
    async (party) => {
      const processor = database.dataApi('processor');
      const insertOrdered = () =>
        database
          .dataApi(party)
          .query(
            `insert into outbox_events (aggregate_id, event_type, payload, ordering_key) values ('7', 'a', '{}', :party)`,
            { party },
          );
      const claimed = async () => {
        const leaseToken = randomUUID();
        const { events } = await claim(processor, { leaseToken, runId }, { ...limits, maxPerKey: 1 });
        return { leaseToken, event: events[0], eventId: events[0]?.eventId ?? '' };
      };
      await insertOrdered();
      await insertOrdered();
      const first = await claimed();
      await markFailed(processor, first.leaseToken, [failed(first.eventId, 'permanent')], backoff);
      expect((await claimed()).event).toBeUndefined();
      await skip(processor, first.eventId, 'Ada');
      const second = await claimed();
      await markProcessed(processor, [published(second.eventId)]);
      await requeue(processor, 'redrive', {}, { limit: 1, batch: 1 });

      const again = await claimed();

      expect(second.event).toMatchObject({ orderingKey: party, previousSequence: null });
      expect(again).toMatchObject({ eventId: first.eventId, event: { orderingKey: party } });
      expect((await claimed()).event).toBeUndefined(); // and the key is idle
      await insertOrdered();
      expect((await claimed()).event?.previousSequence).toBe(second.event?.sequence);
    },
  );

  test.each(['producer', 'application'] as const)('the %s may not do anything else', async (party) => {
    for (const sql of [
      'select payload from outbox_events',
      'select name from outbox_migrations',
      `insert into outbox_events (aggregate_id, event_type, payload, status) values ('7', 'a', '{}', 'PENDING')`,
      'update outbox_events set due_at = now()',
      'delete from outbox_events',
      `select outbox_detail(id, '7', '{}') from outbox_events`,
      `select outbox_create_role('another', 'x')`,
      `select outbox_grant_processor(current_user::text)`,
      'select due from outbox_backlog',
      'select ordering_key from outbox_ordering_keys',
      'delete from outbox_ordering_queue',
      `select outbox_wake_keys('{a}', '{1}')`,
      `select outbox_count('due')`,
    ])
      await expect(database.dataApi(party).query(sql)).rejects.toThrow(/SQLState: 42501/);
  });

  test('the operator can read what the console and the CLI show', async () => {
    await insert(database, 2);
    const operator = database.dataApi('operator');

    const { events } = await listEvents(operator, { status: undefined, conditions: {}, before: undefined });
    const id = events[0]?.eventId ?? '';
    expect(events.map(({ status }) => status)).toEqual(['pending', 'pending']);
    expect(await readEventStory(operator, id, true)).toMatchObject({
      eventId: id,
      payload: expect.any(String),
    });
    expect(await readFailures(operator)).toEqual({ failures: [] });
    expect(await readBacklog(operator)).toMatchObject({ pending: 2, failed: 0 });
    expect(await readBus(operator)).toEqual({ outage: undefined, lastProcessedAt: undefined });
    expect(await readPause(operator)).toBeUndefined();
    expect(await countMatches(operator, {}, 10)).toMatchObject({ matching: 0 });
    expect(await readDetail(operator, id)).toContain(id);
    expect(await operator.query('select name from outbox_migrations')).not.toHaveLength(0);
  });

  test.each(['as its sessions begin', 'in a transaction that it declares read write'])(
    'the operator may write nothing, %s',
    async (how) => {
      const refused = how.includes('declares') ? /SQLState: 42501/ : /SQLState: (42501|25006)/;
      for (const sql of [
        `insert into outbox_events (aggregate_id, event_type, payload) values ('7', 'a', '{}')`,
        'update outbox_events set due_at = now()',
        'delete from outbox_events',
        'truncate outbox_events',
        `update outbox_installation set paused_at = now(), paused_by = 'me'`,
        'delete from outbox_migrations',
        `select claim_outbox_events(gen_random_uuid(), 'run', 1, 1000, 1000, 60, 5, null, null)`,
        `select outbox_create_role('another', 'x')`,
        'select outbox_grant_operator(cast(current_user as text))',
        'create table mine (id integer)',
      ]) {
        const attempt = database.dataApi('operator').transaction(async (inside) => {
          if (how.includes('declares')) await inside.query('set transaction read write');
          await inside.query(sql);
        });
        await expect(attempt).rejects.toThrow(refused);
      }
    },
  );

  test('a statement of the operator ends after 10 seconds', async () => {
    const [row] = await database
      .dataApi('operator')
      .query(`select current_setting('statement_timeout'), current_setting('transaction_read_only')`);
    expect(row).toEqual(['10s', 'on']);
  });

  test('the processor can claim, read, record, redrive and purge', async () => {
    const processor = database.dataApi('processor');
    await insert(database, 4);
    const leaseToken = randomUUID();

    const { events, gauges } = await claim(processor, { leaseToken, runId }, limits, true);
    const [first, second, third, fourth] = events.map(({ eventId }) => eventId) as [
      string,
      string,
      string,
      string,
    ];
    const detail = await readDetail(processor, first);
    const marked = await markProcessed(processor, [published(first)]);
    const failures = await markFailed(
      processor,
      leaseToken,
      [failed(second, 'permanent'), failed(third, 'transient')],
      backoff,
    );
    const released = await release(processor, leaseToken, failed(fourth, 'transient'), backoff);
    const { matching } = await countMatches(processor, { failedAfter: '2026-01-01T00:00:00Z' }, 10);
    const requeued = await requeue(
      processor,
      'arn:redrive',
      { eventIds: [second] },
      { limit: 10, batch: 10 },
    );
    const progress = await redriveProgress(processor, 'arn:redrive');
    await database
      .dataApi('owner')
      .query(`update outbox_events set processed_at = '2020-01-01T00:00:00Z' where processed_at is not null`);
    const purged = await purge(processor, 7, Date.now() + 10_000, {
      now: Date.now,
      pause: async () => undefined,
    });

    expect(gauges).toMatchObject({ due: 4, failed: 0 });
    expect(JSON.parse(detail)).toEqual({ text: 'é', eventId: first, aggregateId: '1' });
    expect(events[0]?.detail).toBe(detail);
    expect(Math.abs(Date.parse(events[0]?.createdAt ?? '') - Date.now())).toBeLessThan(60_000);
    expect([marked.recorded, failures.recorded, released.recorded]).toEqual([1, 2, 1]);
    expect([matching, requeued.requeued, progress.unfinished, purged.purged]).toEqual([1, 1, 1, 1]);
  });

  test('the processor may not do anything else', async () => {
    await insert(database, 1);
    for (const sql of [
      `insert into outbox_events (aggregate_id, event_type, payload) values ('7', 'a', '{}')`,
      `update outbox_migrations set checksum = 'x'`,
      'truncate outbox_events',
      'alter table outbox_events disable trigger all',
      `select outbox_create_role('another', 'x')`,
      `select outbox_grant_processor('another')`,
      `select outbox_doubles_as_decimals('{}')`,
    ])
      await expect(database.dataApi('processor').query(sql)).rejects.toThrow(/SQLState: 42501/);
  });

  test('database-wide settings do not apply to the processor', async () => {
    const [owned] = await database.dataApi('owner').query('select cast(current_schema() as text)');
    const others = {
      search_path: 'pg_catalog',
      default_transaction_isolation: `'repeatable read'`,
      default_transaction_read_only: 'on',
      statement_timeout: `'1h'`,
    };
    const reset = [];
    for (const [name, value] of Object.entries(others)) {
      const [{ before } = { before: '' }] = await database.sql<{ before: string }>(
        `select current_setting($1) as before`,
        [name],
      );
      reset.push(
        `alter database ${database.names.database} set ${name} = ${name === 'search_path' ? before : `'${before}'`}`,
      );
      await server.sql(`alter database ${database.names.database} set ${name} = ${value}`);
    }
    await database.reconnect();
    try {
      const [row] = await database
        .dataApi('processor')
        .query(`select ${Object.keys(others).map((name) => `current_setting('${name}')`)}`);

      const [searchPath, ...rest] = row ?? [];
      expect(String(searchPath).replaceAll('"', '')).toBe(`${owned?.[0]}, pg_temp`);
      expect(rest).toEqual(['read committed', 'off', '2s']);
    } finally {
      for (const statement of reset) await server.sql(statement);
      await database.reconnect();
    }
  });

  test('the next deployment has nothing to migrate', async () => {
    expect(await migrate(database.dataApi('owner'), await readMigrations())).toEqual([]);
  });

  test('events in the table of the guide are moved, and old writers continue to work', async () => {
    const owner = await database.connect('owner');
    await owner.query(guideTables.prisma);
    await owner.query(`grant insert on "OutboxEvent" to ${database.names.application}`);
    const write = `insert into "OutboxEvent" (id, "aggregateId", "eventType", payload) values ($1, '7', 'a', '{}')`;
    await owner.query(write, ['before']);
    await owner.query(moveScript);
    const writer = await database.connect('application');
    await writer.query(write, ['after']);
    const { rows } = await owner.query('select cast(count(*) as integer) as moved from outbox_events');
    await owner.query(`drop table "OutboxEvent"; drop type "OutboxStatus";
      drop function outbox_move_new_event, outbox_move_events, outbox_moved_id`);
    owner.release();
    writer.release();

    expect(rows).toEqual([{ moved: 2 }]);
  });

  test('all objects are in one schema, and no function is executable by PUBLIC', async () => {
    const stray = await database.sql(
      `select relname as name from pg_class where relname like '%outbox%' and relkind in ('r', 'i', 'S') and relnamespace <> $1::regnamespace
       union all select proname from pg_proc where proname like '%outbox%' and pronamespace <> $1::regnamespace
       union all select proname from pg_proc where proname like '%outbox%' and has_function_privilege('public', oid, 'execute')`,
      [prepare === hardened ? 'app' : 'public'],
    );

    expect(stray).toEqual([]);
  });
});

describe('the schema of the outbox', () => {
  const database = usePartiesDatabase(
    server,
    ({ owner }) => ['create schema app', `alter schema app owner to ${owner}`],
    { install: false },
  );
  const searchPath = async (path: string) => {
    await database.sql(`alter role ${database.names.owner} set search_path = ${path}`);
    await database.reconnect();
  };
  const schemas = async () =>
    (
      await database.sql<{ name: string }>(
        `select schemaname as name from pg_tables where tablename in ('outbox_events', 'outbox_migrations') order by 1`,
      )
    ).map(({ name }) => name);

  test('the schema must exist, and the owner must be allowed to use it', async () => {
    await searchPath('nowhere');

    await expect(deploy(database)).rejects.toThrow(
      `no schema to create the outbox in: ${database.names.owner} has the search_path nowhere, and may use no schema of it`,
    );
    expect(await schemas()).toEqual([]);
  });

  test('a schema whose use the owner may not grant is refused', async () => {
    await database.sql('create schema lent');
    await database.sql(`grant usage, create on schema lent to ${database.names.owner}`);
    await searchPath('lent');

    await expect(deploy(database)).rejects.toThrow(
      `${database.names.owner} may not grant the use of schema lent`,
    );
    await database.sql('drop schema lent cascade');
  });

  test('the outbox uses the first schema of the search path, and keeps it when others are put before it', async () => {
    await searchPath('app, public');
    await deploy(database);
    await database.sql('create schema newer');
    await database.sql(`grant all on schema newer to ${database.names.owner}`);
    await searchPath('newer, app');

    await deploy(database);

    expect(await schemas()).toEqual(['app', 'app']);
  });
});

describe('two outboxes in one cluster', () => {
  const first = usePartiesDatabase(server);
  const second = usePartiesDatabase(server, ({ owner }) => [
    'create schema app',
    `alter schema app owner to ${owner}`,
    `alter role ${owner} set search_path = app`,
  ]);

  test('two outboxes in one cluster may share their roles', async () => {
    const shared = { username: first.names.processor, password: first.names.processor };
    await server.sql(`grant ${shared.username} to ${second.names.owner} with admin option`);
    await ensureRole(second.dataApi('owner'), shared, 'processor');

    const paths = await server.sql(
      `select datname, setting from pg_db_role_setting join pg_database d on d.oid = setdatabase,
         unnest(setconfig) as setting
       where setrole = $1::regrole and setting like 'search_path%' order by setting`,
      [shared.username],
    );

    expect(paths).toEqual([
      { datname: second.names.database, setting: 'search_path=app, pg_temp' },
      { datname: first.names.database, setting: 'search_path=public, pg_temp' },
    ]);
    await second.sql(`drop owned by ${shared.username}`);
  });
});

/** Inserts events that are due one after the other. */
async function insert(database: PartiesDatabase, count: number): Promise<void> {
  await database.dataApi('producer').query(
    `insert into outbox_events (aggregate_id, event_type, payload, due_at)
       select cast(n as text), 'a', '{"text": "é"}', now() - make_interval(secs => 10 - n)
       from generate_series(1, cast(:count as integer)) as n`,
    { count },
  );
}
