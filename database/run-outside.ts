import { setTimeout as pause } from 'node:timers/promises';
import type { DataApi } from '../outbox/data-api.ts';
import { DatabaseUnavailable } from '../outbox/errors.ts';

/** The first line of a migration whose statements run outside a transaction, so that they keep nobody waiting. */
export const OUTSIDE_A_TRANSACTION = '-- outside a transaction\n';

// Builds of one table wait for each other, and a build waits for every statement that began before it.
const INDEX = `
  select (select indisvalid from pg_index where indexrelid = to_regclass(:name)),
    exists (select from pg_stat_progress_create_index where relid = to_regclass(:table))`;
const LOOKS = 160;
const PAUSE_MS = 250;

/**
 * Runs one statement where each call commits. It can be repeated after an interruption: an index that is complete stays,
 * and one that is INVALID, which an interrupted build leaves behind, is dropped and built again. While another migrator
 * builds an index of the same table, this one waits.
 * @param schema replaces `{schema}` in the statement, because a search path would end with the transaction that sets it
 */
export async function runOutside(database: DataApi, schema: string, template: string): Promise<void> {
  const statement = template.replaceAll('{schema}', schema);
  const [, index, table] = /^create index concurrently (\w+) on (\S+)/m.exec(statement) ?? [];
  if (index === undefined || table === undefined) {
    await database.query(statement, {}, { continueAfterTimeout: true });
    return;
  }
  const name = `${schema}.${index}`;
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const [[isValid, isBuilding] = []] = await database.query(INDEX, { name, table });
    if (isBuilding === true) {
      await pause(PAUSE_MS);
      continue;
    }
    if (isValid === true) return;
    try {
      if (isValid === false) await database.query(`drop index concurrently if exists ${name}`);
      await database.query(statement, {}, { continueAfterTimeout: true });
    } catch (error) {
      // Another migrator may have been faster, the build may take longer than a call, and the Data API is known to report
      // an error of a build that succeeded.
      const [[isComplete, goesOn] = []] = await database.query(INDEX, { name, table });
      if (isComplete !== true && goesOn !== true) throw error;
    }
  }
  throw new DatabaseUnavailable(
    `another migration is building an index of ${table}: wait until it has ended`,
  );
}
