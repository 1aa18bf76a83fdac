import type { DataApi } from './data-api.ts';
import { RowReader } from './row-reader.ts';

// Only the first error types, because the row of an answer has a size limit.
const PROGRESS = `
  select count(*) filter (where status = 'PROCESSED'), count(*) filter (where due_at is not null),
    count(*) filter (where status = 'FAILED'),
    (select cast(coalesce(jsonb_agg(error_type), '[]') as text) from (
      select distinct left(coalesce(last_error_type, 'Unknown'), 200) as error_type from outbox_events
      where redrive_id = cast(:redriveId as text) and status = 'FAILED' order by error_type limit 50) as types)
  from outbox_events where redrive_id = cast(:redriveId as text)`;

/** The current statuses of the events of one redrive. */
export interface RedriveProgress {
  readonly processed: number;
  /** Pending or processing. */
  readonly unfinished: number;
  readonly failedAgain: number;
  /** The error types of the events that failed again. */
  readonly errorTypes: readonly string[];
}

export async function redriveProgress(database: DataApi, redriveId: string): Promise<RedriveProgress> {
  const row = new RowReader((await database.query(PROGRESS, { redriveId }))[0]);
  return {
    processed: row.number(0),
    unfinished: row.number(1),
    failedAgain: row.number(2),
    errorTypes: JSON.parse(row.text(3)) as string[],
  };
}
