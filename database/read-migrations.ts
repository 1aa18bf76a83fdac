import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checksumOf, type Migration } from './migration.ts';

/** A migration, and what the database keeps of it once it is applied. */
export interface MigrationFile extends Migration {
  readonly checksum: string;
}

/** The migrations of this checkout or package, in order. A test compares them with those of migrations.ts. */
export async function readMigrations(): Promise<MigrationFile[]> {
  const folder = findFolder(dirname(fileURLToPath(import.meta.url)));
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file) => {
      const sql = await readFile(join(folder, file), 'utf8');
      return { name: file.slice(0, -'.sql'.length), sql, checksum: checksumOf(sql) };
    }),
  );
}

/** Above the sources as above a bundle. */
function findFolder(from: string): string {
  const folder = join(from, 'database/migrations');
  if (existsSync(folder)) return folder;
  if (dirname(from) === from) throw new Error('database/migrations is missing: install the package whole');
  return findFolder(dirname(from));
}
