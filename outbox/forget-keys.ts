import type { DataApi } from './data-api.ts';
import { RowReader } from './row-reader.ts';

/**
 * Longer than a consumer may be behind: 14 days in a queue, and as many in its dead-letter queue. The next event of a
 * forgotten key names no predecessor, and a consumer that still misses one would take that for stale.
 */
const MIN_IDLE_DAYS = 60;

// About 70,000 keys.
const PAGES = 1_000;

// Reads the table page by page, because an index would make every claim that finds a key idle more expensive. A producer
// that waits for the key finds it gone and inserts it again.
const FORGET = `
  with idle as materialized (
    select ctid as place from outbox_ordering_keys
    where ctid >= cast('(' || cast(:page as text) || ',0)' as tid)
      and ctid < cast('(' || cast(cast(:page as bigint) + ${PAGES} as text) || ',0)' as tid)
      and not queued and idle_since < now() - make_interval(days => cast(:idleDays as integer))
      and not exists (select from outbox_installation where paused_at is not null)
    for update skip locked),
  forgotten as (
    delete from outbox_ordering_keys where ctid = any (array(select place from idle)) and not queued returning 1)
  select count(*),
    pg_relation_size('outbox_ordering_keys') > (cast(:page as bigint) + ${PAGES}) * cast(current_setting('block_size') as bigint)
  from forgotten`;

/** Deletes ordering keys that have been idle for long, until the clock reaches `endsAt`, and returns how many. */
export async function forgetKeys(
  database: DataApi,
  retentionDays: number,
  endsAt: number,
  now: () => number,
): Promise<number> {
  const idleDays = Math.max(MIN_IDLE_DAYS, retentionDays);
  let forgotten = 0;
  for (let page = 0; now() < endsAt; page += PAGES) {
    const row = new RowReader((await database.query(FORGET, { page, idleDays }))[0]);
    forgotten += row.number(0);
    if (!row.boolean(1)) break;
  }
  return forgotten;
}
