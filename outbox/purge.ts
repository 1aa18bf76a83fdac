import type { DataApi } from './data-api.ts';
import { RowReader } from './row.ts';

// Nothing is purged while the outbox is paused: a person may be looking at a restored database. By ctid: deleting by a list of ids costs five times the latency of the claims beside it. Events that are
// parked are never purged, however old they are.
const PURGE_BATCH = `
  with purged as (
    delete from outbox_events
    where ctid = any (array(
        select ctid from outbox_events
        where status = 'PROCESSED' and processed_at < now() - make_interval(days => cast(:retentionDays as integer))
          and not exists (select from outbox_installation where paused_at is not null)
        order by processed_at
        limit cast(:batch as bigint)
        for update skip locked))
      and status = 'PROCESSED'
    returning 1)
  select count(*) from purged`;

export interface PurgeSettings {
  /** Days that a processed event is kept. */
  readonly retentionDays: number;
  /** Events deleted by one statement. */
  readonly batch: number;
  /** Milliseconds between two statements: room for the claims of the same table. */
  readonly pauseMs: number;
}

export interface Purged {
  readonly purged: number;
  /** Whether there is more to purge: the time was up first. */
  readonly more: boolean;
}

/** Deletes processed events past their retention until none is left or `timeIsUp`. Every batch stays deleted. */
export async function purge(
  database: DataApi,
  { retentionDays, batch, pauseMs }: PurgeSettings,
  timeIsUp: () => boolean,
  pause: (ms: number) => Promise<unknown>,
): Promise<Purged> {
  let purged = 0;
  for (;;) {
    const rows = await database.query(PURGE_BATCH, { retentionDays, batch });
    const count = new RowReader(rows[0]).number(0);
    purged += count;
    if (count < batch) return { purged, more: false };
    if (timeIsUp()) return { purged, more: true };
    await pause(pauseMs);
  }
}
