import { readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { readMigrations } from '../../database/read-migrations.ts';
import { projectText } from '../support/fenced-block.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { deploy, usePartiesDatabase } from '../support/parties-database.ts';
import { recordStatements } from '../support/record-statements.ts';
import { readReleases, repeat, writeRelease } from '../support/release.ts';

const server = useOutboxDatabase({ empty: true });
const releases = readReleases();
const { version } = JSON.parse(projectText('package.json')) as { version: string };

/** The differences between the migrations here and those of a release. */
function differences(
  released: Readonly<Record<string, string>>,
  present: ReadonlyMap<string, string>,
): string[] {
  const names = [...present.keys()];
  return Object.entries(released).flatMap(([name, checksum], index) => {
    const file = `database/migrations/${name}.sql`;
    if (!present.has(name)) return [`${file} was released and is missing: put it back`];
    if (present.get(name) !== checksum)
      return [`${file} was released and has changed: put it back, and add a new migration for the change`];
    return names[index] === name ? [] : [`${file} was released: a new migration comes after it`];
  });
}

describe('released migrations', () => {
  const checksums = async () =>
    new Map((await readMigrations()).map(({ name, checksum }) => [name, checksum] as const));

  test('a released migration never changes', async () => {
    expect(releases.length).toBeGreaterThan(0);
    for (const { migrations } of releases) expect(differences(migrations, await checksums())).toEqual([]);
  });

  test('a released migration is reported when it is changed, missing, or preceded by a new one', () => {
    const present = new Map([
      ['0000_earlier', 'a'],
      ['0001_first', 'b'],
      ['0002_second', 'changed'],
    ]);

    expect(differences({ '0001_first': 'b', '0002_second': 'c', '0003_third': 'd' }, present)).toEqual([
      'database/migrations/0001_first.sql was released: a new migration comes after it',
      'database/migrations/0002_second.sql was released and has changed: put it back, and add a new migration for the change',
      'database/migrations/0003_third.sql was released and is missing: put it back',
    ]);
  });
});

describe('the last release on the schema of this checkout', () => {
  const database = usePartiesDatabase(server);
  // A deployment migrates first, and a run in progress continues with the functions of the previous release.
  const release = releases.at(-1);

  test.each([
    ['', async () => undefined],
    [
      ', beside functions of the same names with one parameter more',
      async () => {
        const owner = await database.connect('owner');
        const { rows } = await owner.query<{ statement: string }>(
          `select replace(pg_get_functiondef(oid), '(' || pg_get_function_arguments(oid) || ')',
             '(' || concat_ws(', ', 'added text', nullif(pg_get_function_arguments(oid), '')) || ')') as statement
           from pg_proc where pronamespace = current_schema()::regnamespace and prorettype <> 'trigger'::regtype`,
        );
        for (const { statement } of rows) await owner.query(statement);
        owner.release();
        await database.sql('truncate outbox_events, outbox_installation');
        await deploy(database);
        expect(rows.length).toBeGreaterThan(7);
      },
    ],
  ])(`the statements of ${release?.version} return the same answers as before%s`, async (_, prepare) => {
    await prepare();
    for (const statement of release?.statements ?? []) {
      const { sentBy, columns, rows } = statement;
      expect({ sentBy, ...(await repeat(statement, database)) }).toEqual({ sentBy, columns, rows });
    }
  });
});

describe('the handlers of this checkout', () => {
  const database = usePartiesDatabase(server);

  // RECORD_RELEASE=true stores them, see CONTRIBUTING.md.
  test('the handlers send statements that can be recorded for the next release', async () => {
    const statements = await recordStatements(database);

    const handlers = readdirSync(new URL('../../lambdas/', import.meta.url))
      .filter((file) => file.endsWith('.ts'))
      .map((file) => file.slice(0, -'.ts'.length));
    expect([...new Set(statements.map(({ sentBy }) => sentBy))].sort()).toEqual(
      [...handlers, 'producer'].sort(),
    );
    if (process.env['RECORD_RELEASE'] === undefined) return;
    const migrations = (await readMigrations()).map(({ name, checksum }) => [name, checksum]);
    writeRelease({ version, migrations: Object.fromEntries(migrations), statements });
  });
});
