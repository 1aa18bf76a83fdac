import type { MigrationFile } from '../database/read-migrations.ts';

/** The columns that these migrations give the table of events. */
export function tableColumns(migrations: readonly MigrationFile[]): string[] {
  return migrations.flatMap(({ sql }) => {
    const [, created = ''] = /create table outbox_events \(\n([\s\S]*?)\n\)/.exec(sql) ?? [];
    const alterations = sql.match(/^alter table outbox_events\s[^>]*/gm) ?? [];
    const columns = [
      ...created.matchAll(/^ {2}(?!constraint)([a-z_]+) /gm),
      ...alterations.flatMap((statement) => [...statement.matchAll(/add column (\w+)/g)]),
    ];
    return columns.map(([, name = '']) => name);
  });
}
