import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

const folder = new URL('../../database/migrations/', import.meta.url);
const files = readdirSync(folder)
  .filter((file) => file.endsWith('.sql'))
  .sort();
const list = readFileSync(new URL('../../database/migrations.ts', import.meta.url), 'utf8');

/** The migrations of the list, as file names: each by its name and by the file its text is from. */
function listed(): { readonly name: string; readonly file: string | undefined }[] {
  const imports = new Map(
    [...list.matchAll(/import (\w+) from '\.\/migrations\/(.+)';/g)].map(([, variable, file]) => [
      variable,
      file,
    ]),
  );
  return [...list.matchAll(/\{ name: '(.+)', sql: (\w+) \}/g)].map(([, name, variable]) => ({
    name: `${name}.sql`,
    file: imports.get(variable),
  }));
}

describe('the migrations', () => {
  test('database/migrations.ts lists every migration in order, each with the text of its own file', () => {
    expect(files.length).toBeGreaterThan(0);
    expect(listed()).toEqual(files.map((file) => ({ name: file, file })));
  });

  test('the migrations are numbered from 0001 without a gap', () => {
    expect(files.map((file) => file.slice(0, 5))).toEqual(
      files.map((_, index) => `${String(index + 1).padStart(4, '0')}_`),
    );
  });

  test.each(files)('%s has no colon, which a parser of named parameters could misread', (file) => {
    expect(readFileSync(new URL(file, folder), 'utf8')).not.toContain(':');
  });

  test.each(files)('%s has a statement before and after every breakpoint', (file) => {
    const statements = readFileSync(new URL(file, folder), 'utf8').split(/^--> statement-breakpoint$/m);

    for (const statement of statements) expect(statement.replace(/^--.*$/gm, '').trim()).not.toBe('');
  });
});
