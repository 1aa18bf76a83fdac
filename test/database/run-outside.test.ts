import { expect, test } from '@jest/globals';
import { runOutside } from '../../database/run-outside.ts';
import type { DataApi, Row } from '../../outbox/data-api.ts';
import { DatabaseUnavailable } from '../../outbox/errors.ts';

const CREATE = 'create index concurrently outbox_events_new on {schema}.outbox_events (due_at)';
const TIMED_OUT = new DatabaseUnavailable('StatementTimeoutException: Request timed out');

/** A database whose index is valid or not, and is being built or not, at one look after the other. */
function indexThatIs(...looks: readonly (readonly [valid: boolean | null, building: boolean])[]) {
  const left: Row[] = [...looks];
  const statements: unknown[] = [];
  const database: DataApi = {
    async query(sql, _, options) {
      if (sql.includes('pg_stat_progress_create_index')) return [left.shift() ?? [true, false]];
      statements.push([sql, options]);
      throw TIMED_OUT;
    },
  };
  return { database, statements };
}

test('a build that takes longer than a call of the Data API goes on, and is waited for', async () => {
  const { database, statements } = indexThatIs([null, false], [false, true], [false, true], [true, false]);

  await runOutside(database, 'app', CREATE);

  expect(statements).toEqual([
    [
      'create index concurrently outbox_events_new on app.outbox_events (due_at)',
      { continueAfterTimeout: true },
    ],
  ]);
});

test('a build that timed out and does not go on is an error', async () => {
  const { database } = indexThatIs([null, false], [false, false]);

  await expect(runOutside(database, 'app', CREATE)).rejects.toBe(TIMED_OUT);
});
