import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Context } from '../../cli/action.ts';
import { databaseChecks } from '../../cli/database-checks.ts';
import { tableColumns } from '../../cli/expected-columns.ts';
import { readMigrations } from '../../database/read-migrations.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { usePartiesDatabase } from '../support/parties-database.ts';

const server = useOutboxDatabase({ empty: true });

describe('doctor', () => {
  const database = usePartiesDatabase(server, ({ owner }) => [
    'create schema app',
    `alter schema app owner to ${owner}`,
    `alter role ${owner} set search_path = app`,
    'revoke all on schema app, public from public',
  ]);
  let name: string;
  beforeAll(() => {
    name = database.names.processor;
  });

  /** The findings of each check, signed in as this party. */
  async function examine(party: 'processor' | 'owner' = 'processor') {
    const context = {
      database: () => database.dataApi(party),
      target: { need: () => `arn:aws:states:us-east-1:000000000000:stateMachine:${name}` },
    } as unknown as Context;
    const findings = [];
    for (const { name, look } of databaseChecks) findings.push({ check: name, ...(await look(context)) });
    return findings;
  }
  const results = async () => (await examine()).map(({ result }) => result);
  const allOk = databaseChecks.map(() => 'ok');

  test('doctor finds nothing wrong after a deployment', async () => {
    expect(await examine()).toEqual(
      databaseChecks.map(({ name: check }) => expect.objectContaining({ check, result: 'ok' })),
    );
  });

  test('doctor checks the sessions of the processor only when it signs in as the processor', async () => {
    expect((await examine('owner')).at(-1)).toEqual({
      check: 'its sessions are set up',
      result: 'skipped',
      found: `signed in as ${database.names.owner}: what is in force for ${name} shows with its own secret`,
    });
  });

  // The names of the role and the database come from the running database.
  const alterRole = (setting: string) => () =>
    `alter role ${name} in database ${database.names.database} set ${setting}`;

  test.each<[string, () => string, string, () => string]>([
    [
      'a privilege that ordering keys need',
      () => `revoke delete on app.outbox_ordering_queue from ${name}`,
      'the processor may do what it must',
      () => `${name} may not delete outbox_ordering_queue`,
    ],
    [
      'a table privilege',
      () => `revoke update on app.outbox_events from ${name}`,
      'the processor may do what it must',
      () => `${name} may not update outbox_events`,
    ],
    [
      'a function',
      () => `revoke execute on function app.outbox_backoff from ${name}`,
      'the processor may do what it must',
      () => `${name} may not execute outbox_backoff(integer, integer, integer)`,
    ],
    [
      'the schema',
      () => `revoke usage on schema app from ${name}`,
      'the outbox is found',
      () => `it is in schema app, which ${name} may not use`,
    ],
    [
      'the search path',
      alterRole('search_path = public'),
      'the outbox is found',
      () => `it is in schema app, and ${name} has the search_path public`,
    ],
    [
      'a policy under row security',
      () =>
        `alter table app.outbox_events enable row level security; drop policy ${name} on app.outbox_events`,
      'row security hides nothing',
      () =>
        `row security is on and hides rows from ${name}: no policy lets it select outbox_events, ` +
        'no policy lets it update outbox_events, no policy lets it delete outbox_events',
    ],
    [
      'a policy on the row that says whether the outbox is paused',
      () =>
        `alter table app.outbox_installation enable row level security; drop policy ${name} on app.outbox_installation`,
      'row security hides nothing',
      () => `row security is on and hides rows from ${name}: no policy lets it select outbox_installation`,
    ],
    [
      'a privilege on that row',
      () => `revoke select on app.outbox_installation from ${name}`,
      'the processor may do what it must',
      () => `${name} may not select outbox_installation`,
    ],
    [
      'the isolation level',
      alterRole(`default_transaction_isolation = 'serializable'`),
      'its sessions are set up',
      () => 'transaction_isolation is serializable instead of read committed',
    ],
    [
      'the end of statements',
      alterRole('statement_timeout = 0'),
      'its sessions are set up',
      () => 'statement_timeout is 45s instead of 2s',
    ],
    [
      'the right to write',
      alterRole('default_transaction_read_only = on'),
      'its sessions are set up',
      () => 'transaction_read_only is on instead of off',
    ],
  ])('doctor reports %s that is missing, and its remedy restores it', async (_, breaks, check, found) => {
    await database.sql(breaks());
    await database.reconnect();

    const finding = (await examine()).find((each) => each.check === check);
    expect(finding).toMatchObject({ result: 'failed', found: found() });
    const remedy = finding?.result === 'failed' ? finding.remedy : '';
    const [, statement = ''] = /^as the owner: (select [\w.]+\('\w+'\))/.exec(remedy) ?? [];
    await database.dataApi('owner').query(statement.replace(/^select (.*)$/, 'select cast($1 as text)'));

    await database.reconnect();
    expect(await results()).toEqual(allOk);
  });

  test('row security with a policy for the processor is not an error', async () => {
    await database.sql('alter table app.outbox_events enable row level security');

    expect(await results()).toEqual(allOk);
    await database.sql('alter table app.outbox_events disable row level security');
  });

  test('doctor reports a restrictive policy', async () => {
    await database.sql(`
    alter table app.outbox_events enable row level security;
    create policy mine on app.outbox_events as restrictive using (aggregate_id = 'mine')`);

    expect(await examine()).toContainEqual(
      expect.objectContaining({
        result: 'failed',
        found: expect.stringContaining('the restrictive policy mine hides rows of outbox_events from it'),
      }),
    );
    await database.sql(
      'drop policy mine on app.outbox_events; alter table app.outbox_events disable row level security',
    );
  });

  test('doctor reports a renamed column and a disabled trigger', async () => {
    await database.sql(`
    alter table app.outbox_events rename column trace_header to trace;
    alter table app.outbox_events disable trigger outbox_check_event`);

    expect(await examine()).toContainEqual(
      expect.objectContaining({
        check: 'the table is complete',
        result: 'failed',
        found:
          'outbox_events has no column trace_header, ' +
          'does not check events: its trigger outbox_check_event is missing or disabled',
      }),
    );
    await database.sql(`
    alter table app.outbox_events rename column trace to trace_header;
    alter table app.outbox_events enable trigger outbox_check_event`);
  });

  test('doctor reports a migration that was not applied', async () => {
    await database.sql(`update app.outbox_migrations set name = 'x' where name = '0002_claim_outbox_events'`);

    expect(await examine()).toContainEqual(
      expect.objectContaining({ result: 'failed', found: 'not applied: 0002_claim_outbox_events' }),
    );
    await database.sql(`update app.outbox_migrations set name = '0002_claim_outbox_events' where name = 'x'`);
  });

  test('the columns that doctor checks are those of the migrations', async () => {
    const columns = await database.sql<{ name: string }>(
      `select attname as name from pg_attribute
     where attrelid = 'app.outbox_events'::regclass and attnum > 0 and not attisdropped`,
    );

    expect(tableColumns(await readMigrations()).toSorted()).toEqual(
      columns.map(({ name }) => name).toSorted(),
    );
  });
});
