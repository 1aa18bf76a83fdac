import type { InboxDatabase } from './database.ts';

const BATCH = 1_000;

const PURGE = `delete from outbox_inbox where (consumer, event_id) in (
    select consumer, event_id from outbox_inbox
    where processed_at < now() - make_interval(days => cast(cast($1 as text) as integer))
    order by processed_at limit ${BATCH} for update skip locked)
  returning 1 as deleted`;

export interface PurgeInboxOptions {
  /**
   * A whole number of days, at least 1. Longer than the latest redelivery: 14 days in a queue, as many in its
   * dead-letter queue's redrive, and the oldest event that you would redrive or replay; 60 covers the defaults.
   */
  readonly olderThanDays: number;
}

/**
 * Deletes the ids of events that were processed long ago, a thousand a statement, and returns how many. Positions stay:
 * they recognize ordered events of any age. Call it outside of a transaction, so that each statement is its own.
 */
export async function purgeInbox(
  database: InboxDatabase,
  { olderThanDays }: PurgeInboxOptions,
): Promise<number> {
  if (!Number.isInteger(olderThanDays) || olderThanDays < 1 || olderThanDays > 36_500)
    throw new RangeError(`olderThanDays is ${String(olderThanDays)}: give whole days, from 1 to 36500`);
  let purged = 0;
  for (;;) {
    const rows = await database.query(PURGE, [String(olderThanDays)]);
    purged += rows.length;
    if (rows.length < BATCH) return purged;
  }
}
