import type { DataApi } from '../outbox/data-api.ts';
import { RowReader } from '../outbox/row-reader.ts';
import { isoTime } from './sql-columns.ts';

/** The maximum of the counts in outbox_backlog, which limits the cost of a query in a table of any size. */
export const COUNT_LIMIT = 1_000;

const BACKLOG = `
  select pending, due, due_later, processing, processed, failed, lag_seconds, ${isoTime('last_processed_at')},
    blocked_keys
  from outbox_backlog`;

/** The number of events in each status, of blocked keys, and the lag. */
export interface Backlog {
  /** Due, delayed by their producer, or in backoff. */
  readonly pending: number;
  /** What a claim would take now: due pending events, and processing events with an expired lease. */
  readonly due: number;
  /** Pending, but delayed by their producer or in backoff. */
  readonly dueLater: number;
  readonly processing: number;
  /** Until they are purged. */
  readonly processed: number;
  /** Failed for good: they wait for a person. */
  readonly failed: number;
  /** Ordering keys that wait, because their first unfinished event has failed. */
  readonly blockedKeys: number;
  /** Since the oldest unfinished event could first be published. */
  readonly lagSeconds: number;
  readonly lastProcessedAt: string | null;
}

/** Reads the backlog; the maximum of every count is {@link COUNT_LIMIT}. */
export async function readBacklog(database: DataApi): Promise<Backlog> {
  const row = new RowReader((await database.query(BACKLOG))[0]);
  return {
    pending: row.number(0),
    due: row.number(1),
    dueLater: row.number(2),
    processing: row.number(3),
    processed: row.number(4),
    failed: row.number(5),
    blockedKeys: row.number(8),
    lagSeconds: row.number(6),
    lastProcessedAt: row.optionalText(7) ?? null,
  };
}

/** How many ordering keys wait for a person; undefined when none does. */
export function describeBlocked({ blockedKeys }: Backlog): string | undefined {
  if (blockedKeys === 0) return undefined;
  if (blockedKeys === 1) return '1 ordering key waits behind a failed event';
  return `${blockedKeys >= COUNT_LIMIT ? `${COUNT_LIMIT}+` : blockedKeys} ordering keys wait, each behind a failed event`;
}
