import type { Clock } from './clocks.ts';
import type { DataApi } from './data-api.ts';
import { RowReader } from './row-reader.ts';

/** The limits of one statement. */
export const purgeLimits = {
  rows: 10_000,
  /** UTF-8 bytes of the details: a large payload is stored in many pieces, and each must be deleted. */
  bytes: 16_000_000,
} as const;

// The first statement deletes up to a tenth. Later ones double their limits while they take less than this time, and
// reduce them when they take more: on a slow disk statements become smaller instead of reaching their timeout.
const FIRST_SHARE = 0.1;
const SMALLEST_SHARE = 0.001;
const STATEMENT_MS = 200;
// The database may work for this long before it rests for as long: a purge with little to delete is done at once.
const WORK_MS = 100;

const EXPIRED = `status = 'PROCESSED' and processed_at < now() - make_interval(days => cast(:retentionDays as integer))`;

// By ctid, because a delete by a list of ids makes claims at the same time five times slower. Continues where the
// last statement ended, because the index keeps deleted rows until the next vacuum. Failed events are never
// purged, however old they are, and nothing is purged while the outbox is paused.
const PURGE_BATCH = `
  with candidate as materialized (
    select ctid as place, processed_at, detail_bytes from outbox_events
    where ${EXPIRED} and processed_at >= coalesce(cast(:after as timestamptz), (select outbox_front('purgeable')))
      and not exists (select from outbox_installation where paused_at is not null)
    order by processed_at
    limit cast(:rows as bigint)
    for update skip locked),
  chosen as materialized (
    select place from (
      select place, sum(detail_bytes) over (order by processed_at rows unbounded preceding) - detail_bytes as bytes_before
      from candidate) as summed
    where bytes_before < cast(:bytes as bigint)),
  purged as (
    delete from outbox_events
    where ctid = any (array(select place from chosen)) and status = 'PROCESSED'
    returning processed_at)
  select count(*),
    (select count(*) from candidate) = cast(:rows as bigint) or count(*) < (select count(*) from candidate),
    cast(max(processed_at) as text),
    cast(extract(epoch from clock_timestamp() - statement_timestamp()) * 1000 as double precision)
  from purged`;

// Reads the table instead of the position of the purge, which skips rows that another session had locked.
const OVERDUE = `
  select cast(ceil(coalesce(
    extract(epoch from now() - make_interval(days => cast(:retentionDays as integer)) - min(processed_at)), 0)) as bigint),
    exists (select from outbox_installation where paused_at is not null)
  from outbox_events where ${EXPIRED} and processed_at >= (select outbox_front('purgeable'))`;

export interface Purged {
  readonly purged: number;
  /** Whether there is more to purge, because the time limit was reached. */
  readonly more: boolean;
  /** Seconds, rounded up, by which the oldest remaining processed event exceeds the retention; 0 when none does. */
  readonly overdueSeconds: number;
  /** Present when a person has paused the outbox: nothing is purged until it is resumed. */
  readonly paused?: true;
}

/**
 * Deletes processed events past their retention, the oldest first, until none is left or the clock reaches `endsAt`.
 * Every statement commits. Between statements the database rests for as long as it has worked, so that claims of the
 * same table do not become slower.
 */
export async function purge(
  database: DataApi,
  retentionDays: number,
  endsAt: number,
  { now, pause }: Clock,
): Promise<Purged> {
  let purged = 0;
  let share = FIRST_SHARE;
  let after: string | null = null;
  let restMs = 0;
  for (;;) {
    const startedAt = now();
    const limits = {
      rows: Math.ceil(share * purgeLimits.rows),
      bytes: Math.ceil(share * purgeLimits.bytes),
    };
    const row = new RowReader((await database.query(PURGE_BATCH, { retentionDays, after, ...limits }))[0]);
    purged += row.number(0);
    const more = row.boolean(1);
    if (!more || now() >= endsAt) return { purged, more, ...(await whatIsLeft(database, retentionDays)) };
    after = row.optionalText(2) ?? after;
    const workedMs = row.number(3);
    share = Math.min(1, Math.max(SMALLEST_SHARE, share * Math.min(2, STATEMENT_MS / workedMs)));
    // The rest of the call was network time, in which the database already rested.
    const restedMs = Math.max(0, now() - startedAt - workedMs);
    restMs = Math.max(0, restMs + workedMs - restedMs);
    if (restMs > WORK_MS) {
      await pause(restMs);
      restMs = 0;
    }
  }
}

async function whatIsLeft(
  database: DataApi,
  retentionDays: number,
): Promise<Pick<Purged, 'overdueSeconds' | 'paused'>> {
  const row = new RowReader((await database.query(OVERDUE, { retentionDays }))[0]);
  return { overdueSeconds: row.number(0), ...(row.boolean(1) && { paused: true }) };
}
