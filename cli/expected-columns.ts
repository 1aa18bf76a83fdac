import type { MigrationFile } from '../database/read-migrations.ts';

/** The columns that these migrations give the table of events. */
export function tableColumns(migrations: readonly MigrationFile[]): string[] {
  return migrations.flatMap(({ sql }) => {
    const [, created = ''] = /create table outbox_events \(\n([\s\S]*?)\n\)/.exec(sql) ?? [];
    const columns = [
      ...created.matchAll(/^ {2}(?!constraint)([a-z_]+) /gm),
      ...sql.matchAll(/alter table outbox_events add column (\w+)/g),
    ];
    return columns.map(([, name = '']) => name);
  });
}
