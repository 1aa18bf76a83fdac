import { atMost, isoTime } from '../../cli/sql-columns.ts';
import type { DataApi } from '../../outbox/data-api.ts';
import { RowReader } from '../../outbox/row-reader.ts';
import type { Failures } from '../api.ts';

// The newest of them along the index of what has failed, so that the cost has a limit.
const FAILURES = `
  with failed as materialized (
    select last_error_type, event_type, last_error, failed_at from outbox_events where status = 'FAILED'
    order by failed_at desc limit 20000)
  select ${atMost(200, 'last_error_type')}, event_type, cast(least(count(*), 1000) as integer),
    ${atMost(500, '(array_agg(last_error order by failed_at desc))[1]')}, ${isoTime('min(failed_at)')},
    ${isoTime('max(failed_at)')}
  from failed group by last_error_type, event_type order by count(*) desc, 1, 2 limit 50`;

/** The failed events by error type and event type, the most frequent first. */
export async function readFailures(database: DataApi): Promise<Failures> {
  const rows = await database.query(FAILURES);
  return {
    failures: rows.map((columns) => {
      const row = new RowReader(columns);
      return {
        errorType: row.optionalText(0) ?? null,
        eventType: row.text(1),
        events: row.number(2),
        error: row.optionalText(3) ?? null,
        oldest: row.text(4),
        newest: row.text(5),
      };
    }),
  };
}
