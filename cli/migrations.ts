import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checksumOf } from '../outbox/migration-text.ts';
import { Failed } from './failure.ts';

export interface ExpectedMigration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** The migrations that database/migrate.ts would apply, according to the stored checksums. */
export async function readMigrations(): Promise<ExpectedMigration[]> {
  const folder = findFolder(dirname(fileURLToPath(import.meta.url)));
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file) => {
      const sql = await readFile(join(folder, file), 'utf8');
      return { name: file.slice(0, -'.sql'.length), sql, checksum: checksumOf(sql) };
    }),
  );
}

/** The columns of the table of events after these migrations. */
export function tableColumns(migrations: readonly ExpectedMigration[]): string[] {
  return migrations.flatMap(({ sql }) => {
    const [, created = ''] = /create table outbox_events \(\n([\s\S]*?)\n\)/.exec(sql) ?? [];
    const columns = [
      ...created.matchAll(/^ {2}(?!constraint)([a-z_]+) /gm),
      ...sql.matchAll(/alter table outbox_events add column (\w+)/g),
    ];
    return columns.map(([, name = '']) => name);
  });
}

/** The same path from the sources and from the bundle. */
function findFolder(from: string): string {
  const folder = join(from, 'database/migrations');
  if (existsSync(folder)) return folder;
  if (dirname(from) === from) throw new Failed('database/migrations is missing: install the package whole');
  return findFolder(dirname(from));
}
