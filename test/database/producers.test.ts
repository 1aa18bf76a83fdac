import { randomBytes, randomUUID } from 'node:crypto';
import { ExecuteStatementCommand } from '@aws-sdk/client-rds-data';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { addDish as addByDataApi } from '../../docs/examples/data-api.ts';
import {
  addDish as addByDrizzle,
  outboxEvents,
  renameDish as renameByDrizzle,
} from '../../docs/examples/drizzle.ts';
import { addDish as addByPg, renameDish as renameByPg } from '../../docs/examples/pg.ts';
import { refusingConstraint } from '../../docs/examples/refusal.ts';
import { fencedBlock, projectText } from '../support/fenced-block.ts';
import { target, useOutboxDatabase } from '../support/outbox-database.ts';

const page = 'docs/producers.md';
// Roles belong to the whole server, which other tests may use too.
const suffix = randomBytes(4).toString('hex');
const role = `outbox_producer_${suffix}`;
const user = `my_app_${suffix}`;

/** What the application on the page has: a user with its own table and the role of the producer. */
let application: pg.Pool;

afterAll(async () => {
  await application?.end();
  await database.sql(`drop owned by ${role}, ${user}`);
  await database.sql(`drop role ${role}, ${user}`);
});
const database = useOutboxDatabase();

beforeAll(async () => {
  await database.sql('create table dishes (id text primary key, name text not null)');
  await database.sql(`create role ${role}`);
  await database.sql('select outbox_grant_producer($1)', [role]);
  await database.sql(`create role ${user} login password 'secret'`);
  await database.sql(`grant select, insert, update on dishes to ${user}`);
  const grant = fencedBlock(page, 'role');
  await database.sql(grant.replace('outbox_producer', role).replace('my_app', user));
  const url = new URL(database.postgresUrl);
  url.username = user;
  url.password = 'secret';
  application = new pg.Pool({ connectionString: url.href, max: 2 });
  application.on('error', () => undefined); // The server may stop before the last connection is closed.
});
beforeEach(() => database.sql('truncate dishes, outbox_events'));

const laksa = { id: '7', name: 'Laksa' };
const dishes = () => database.sql('select * from dishes');
const events = () =>
  database.sql(`select id, aggregate_id, event_type, payload, status, trace_header,
    cast(extract(epoch from due_at - created_at) as double precision) as delay from outbox_events`);
const theEvent = {
  aggregate_id: '7',
  event_type: 'dish.created',
  payload: { name: 'Laksa' },
  status: 'PENDING',
  delay: 0,
};
const dataApi = { resourceArn: target.resourceArn, secretArn: target.secretArn };

// The statements that Prisma 7.10.0 sent for the example of the page, from its query log.
const byPrisma = async (dish: typeof laksa) => {
  const client = await application.connect();
  try {
    await client.query('BEGIN');
    await client.query(
      'INSERT INTO "public"."dishes" ("id","name") VALUES ($1,$2) RETURNING "public"."dishes"."id", "public"."dishes"."name"',
      [dish.id, dish.name],
    );
    await client.query(
      'INSERT INTO "public"."outbox_events" ("aggregate_id","event_type","payload") VALUES ($1,$2,$3) RETURNING "public"."outbox_events"."id"',
      [dish.id, 'dish.created', JSON.stringify({ name: dish.name })],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
};

test.each(['pg.ts', 'data-api.ts', 'drizzle.ts', 'nudge.ts', 'refusal.ts'])(
  'the page shows %s unchanged',
  (file) => {
    const path = `docs/examples/${file}`;
    expect(fencedBlock(page, path)).toBe(projectText(path));
  },
);

describe('a dish and its event', () => {
  const ways: readonly [string, (dish: typeof laksa) => Promise<unknown>][] = [
    ['SQL', () => application.query(fencedBlock(page, 'plain'))],
    ['pg', (dish) => addByPg(application, dish)],
    ['the Data API', (dish) => addByDataApi(database.client, dataApi, target.database, dish)],
    ['the SQL of Prisma', byPrisma],
    ['Drizzle', (dish) => addByDrizzle(drizzle(application), dish)],
  ];

  test.each(ways)('a dish and its event are committed together by %s', async (_, add) => {
    await add(laksa);

    expect(await dishes()).toEqual([laksa]);
    expect(await events()).toMatchObject([theEvent]);
  });

  // Plain SQL contains its values in the text.
  test.each(ways.slice(1))(
    'a dish and its event are both refused when the event is refused, by %s',
    async (_, add) => {
      await database.sql(`alter table outbox_events add constraint no_soup check (aggregate_id <> 'soup')`);
      try {
        const error = await add({ id: 'soup', name: 'Soup' }).catch((reason: unknown) => reason);

        expect(refusingConstraint(error)).toBe('no_soup');
        expect(await dishes()).toEqual([]);
        expect(await events()).toEqual([]);
      } finally {
        await database.sql('alter table outbox_events drop constraint no_soup');
      }
    },
  );
});

test('the Prisma model has only columns that a producer may write, including the id and all required ones', async () => {
  const model = fencedBlock(page, 'model');
  const columns = Array.from(
    model.matchAll(/^ {2}(\w+) +\w+\??(?:.*@map\("(\w+)"\))?/gm),
    ([, name, mapped]) => mapped ?? name,
  );
  const producers = await database.sql(
    `select column_name from information_schema.column_privileges
     where grantee = $1 and table_name = $2 and privilege_type = 'INSERT'`,
    [role, /@@map\("(\w+)"\)/.exec(model)?.[1]],
  );

  expect(producers.map(({ column_name }) => column_name)).toEqual(expect.arrayContaining(columns));
  expect(columns).toEqual(['id', 'aggregate_id', 'event_type', 'payload', 'trace_header', 'due_at']);
});

describe('the options of an event', () => {
  test('an event may be due later', async () => {
    await application.query(fencedBlock(page, 'later'));

    expect(await events()).toMatchObject([{ status: 'PENDING', delay: 3 * 24 * 3600 }]);
  });

  test('an event with its own id is written only once', async () => {
    const once = fencedBlock(page, 'once');

    expect(await application.query(once)).toMatchObject({ rowCount: 1 });
    expect(await application.query(once)).toMatchObject({ rowCount: 0 });
  });

  test('an event carries a trace header', async () => {
    await application.query(fencedBlock(page, 'traced'));

    expect(await events()).toMatchObject([{ trace_header: expect.stringMatching(/^Root=1-/) }]);
  });

  test('an event carries a traceparent, which its detail has in every delivery', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await application.query(fencedBlock(page, 'traceparent'));
    const detail = async () =>
      database.sql(
        `select outbox_detail(id, aggregate_id, payload) as detail, traceparent,
           octet_length(outbox_detail(id, aggregate_id, payload)) = detail_bytes as measured from outbox_events`,
      );

    expect(await detail()).toEqual([
      { detail: expect.stringContaining(`"traceparent": "${traceparent}"`), traceparent, measured: true },
    ]);
    await database.sql(`update outbox_events set payload = '{"name": "corrected", "traceparent": "mine"}'`);
    expect(await detail()).toEqual([
      { detail: expect.stringContaining(`"traceparent": "${traceparent}"`), traceparent, measured: true },
    ]);
  });

  test('an event has an ordering key, and so a place in the order of its key', async () => {
    await application.query(fencedBlock(page, 'ordered'));

    expect(await database.sql('select ordering_key from outbox_events')).toEqual([
      { ordering_key: 'dish 7' },
    ]);
  });

  test.each([
    ['pg', (dish: typeof laksa) => renameByPg(application, dish)],
    ['Drizzle', (dish: typeof laksa) => renameByDrizzle(drizzle(application), dish)],
  ] as const)(
    'a renamed dish and its event in the order of the dish are committed by %s',
    async (_, rename) => {
      await database.sql(`insert into dishes values ('7', 'Laksa')`);

      await rename({ id: '7', name: 'Laksa lemak' });

      expect(await dishes()).toEqual([{ id: '7', name: 'Laksa lemak' }]);
      expect(await database.sql('select event_type, ordering_key from outbox_events')).toEqual([
        { event_type: 'dish.renamed', ordering_key: 'dish 7' },
      ]);
    },
  );

  test('Drizzle supports an id, a trace header and a later due time', async () => {
    const event = { id: randomUUID(), aggregateId: '7', eventType: 'dish.created', payload: {} };
    const db = drizzle(application);
    const write = () =>
      db
        .insert(outboxEvents)
        .values({ ...event, traceHeader: 'Root=1-2', dueAt: new Date(Date.now() + 3_600_000) })
        .onConflictDoNothing()
        .returning({ id: outboxEvents.id });

    expect(await write()).toEqual([{ id: event.id }]);
    expect(await write()).toEqual([]);
    expect(await events()).toMatchObject([{ id: event.id, trace_header: 'Root=1-2' }]);
  });
});

describe('the reasons for which the table refuses an event', () => {
  const id = randomUUID();
  const refused: Readonly<Record<string, Readonly<Record<string, string | null>>[]>> = {
    'an event type of 0 or of more than 128 characters': [
      { event_type: '' },
      { event_type: 'x'.repeat(129) },
    ],
    'an empty aggregate id': [{ aggregate_id: '' }],
    'an aggregate type of 0 or of more than 512 characters': [
      { aggregate_type: '' },
      { aggregate_type: 'x'.repeat(513) },
    ],
    'an empty trace header': [{ trace_header: '' }],
    'a trace header of more than 500 characters': [{ trace_header: 'x'.repeat(501) }],
    'a traceparent that is not of version 00 of W3C Trace Context, or has an id of zeros': [
      { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736' },
      { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` },
    ],
    'a payload that is no JSON object': [{ payload: '[1]' }, { payload: 'null' }],
    'more than 1,000 nested levels in the payload': [{ payload: nested(1001) }],
    'an integer beyond int64 in the payload, unless a double is printed so': [
      { payload: '{"n": 9223372036854775808}' },
      { payload: '{"n": 1e400}' },
    ],
    'an event of more than 1 MiB': [{ payload: JSON.stringify({ text: 'x'.repeat(1024 * 1024) }) }],
    'an event of more than 1 MiB in the envelope that targets receive': [
      { payload: JSON.stringify({ text: 'x'.repeat(1024 * 1024 - 400) }) },
    ],
    'a time in `due_at` that is not between 1970 and 9999': [
      { due_at: 'infinity' },
      { due_at: '1969-12-31T00:00:00Z' },
    ],
    'an ordering key of 0 or of more than 128 characters': [
      { ordering_key: '' },
      { ordering_key: 'x'.repeat(129) },
    ],
    '`orderingKey`, `sequence` and `previousSequence` in the payload, without a key': [
      { payload: '{"orderingKey": "a", "sequence": 2, "previousSequence": 1}' },
    ],
    'null for `due_at`': [{ due_at: null }],
    'an id that is there already': [{ id }],
    'null for `aggregate_id`, `event_type` or `payload`': [
      { aggregate_id: null },
      { event_type: null },
      { payload: null },
    ],
    'a payload that is no JSON': [{ payload: '{name: Laksa}' }],
    'the character zero in the payload': [{ payload: '{"name": "\\u0000"}' }],
    "a number in the payload that exceeds PostgreSQL's `numeric`, such as 1e131072": [
      { payload: '{"n": 1e131072}' },
    ],
    'a payload too deep for the parser of PostgreSQL, some 20,000 levels': [{ payload: nested(50_000) }],
    "any other column, with the producer's role": [{ status: 'PENDING' }, { created_at: 'now' }],
  };
  const rows = Array.from(
    projectText(page).matchAll(/^\| (.+?) +\| (\w{5}) +\| (?:`(\w+)`)? +\|$/gm),
    ([, what = '', state = '', constraint]) => ({ what, state, constraint }),
  );

  test('the page lists exactly the tested reasons', () => {
    expect(rows.map(({ what }) => what)).toEqual(Object.keys(refused));
  });

  test('the page lists every constraint that can refuse an event', async () => {
    const constraints = await database.sql<{ name: string }>(
      `select conname as name from pg_constraint
       where conrelid = 'outbox_events'::regclass and contype <> 'n' and exists (
         select from pg_attribute a where a.attrelid = conrelid and a.attnum = any (conkey)
           and has_column_privilege($1, a.attrelid, a.attnum, 'insert'))`,
      [role],
    );
    const [{ source } = { source: '' }] = await database.sql<{ source: string }>(
      `select prosrc as source from pg_proc where proname = 'outbox_check_event'`,
    );
    const names = [
      ...constraints.map(({ name }) => name),
      ...Array.from(source.matchAll(/refused = '(\w+)'/g), ([, name]) => name),
    ];

    expect(names.toSorted()).toEqual(rows.flatMap(({ constraint }) => constraint ?? []).toSorted());
  });

  test.each(rows)('the table refuses $what', async ({ what, state, constraint }) => {
    await application.query(
      'insert into outbox_events (id, aggregate_id, event_type, payload) values ($1, $2, $3, $4)',
      [id, '7', 'dish.created', '{}'],
    );
    for (const columns of refused[what] ?? []) {
      const row = { aggregate_id: '7', event_type: 'dish.created', payload: '{}', ...columns };
      const places = Object.keys(row).map((_, index) => `$${index + 1}`);
      const insert = `insert into outbox_events (${Object.keys(row)}) values (${places})`;

      const error = await application.query(insert, Object.values(row)).catch((reason: unknown) => reason);

      expect(error).toBeInstanceOf(pg.DatabaseError);
      expect(error).toMatchObject({ code: state });
      expect(refusingConstraint(error)).toBe(constraint);
    }
  });

  test('the Data API reports a refusal in the words of the page', async () => {
    const sql = `insert into outbox_events (aggregate_id, event_type, payload) values ('7', 'dish.created', '[]')`;

    const error = await database.client
      .send(new ExecuteStatementCommand({ ...dataApi, database: target.database, sql }))
      .catch((reason: unknown) => reason);

    expect(error).toMatchObject({
      name: 'DatabaseErrorException',
      message: fencedBlock(page, 'data-api-error').trimEnd(),
    });
    expect(refusingConstraint(error)).toBe('payload_is_a_json_object');
    expect(refusingConstraint(new Error('something else'))).toBeUndefined();
  });
});

/** A JSON object with this many nested levels. */
function nested(levels: number): string {
  return `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
}

test('the role of the producer can read only the id of an event and can neither change nor delete an event', async () => {
  await addByPg(application, laksa);

  expect(await application.query('select id from outbox_events')).toMatchObject({ rowCount: 1 });
  for (const sql of [
    'select payload from outbox_events',
    'update outbox_events set due_at = now()',
    'delete from outbox_events',
  ])
    await expect(application.query(sql)).rejects.toMatchObject({ code: '42501' });
});
