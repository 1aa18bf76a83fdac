import type { DataApi } from '../outbox/data-api.ts';
import { RowReader } from '../outbox/row-reader.ts';
import { isoTime } from './sql-columns.ts';

/** Where the counts of outbox_backlog end: looking costs the same at any size. */
export const COUNT_LIMIT = 1_000;

const BACKLOG = `
  select pending, due, due_later, processing, processed, failed, lag_seconds, ${isoTime('last_processed_at')}
  from outbox_backlog`;

/** How many events have each status, and how late the outbox is. */
export interface Backlog {
  /** Due, delayed by their producer, or in backoff. */
  readonly pending: number;
  /** What a claim would take now: pending, or processing with a lease that ran out. */
  readonly due: number;
  /** Pending, but delayed by their producer or in backoff. */
  readonly dueLater: number;
  readonly processing: number;
  /** Until they are purged. */
  readonly processed: number;
  /** For good: they wait for a person. */
  readonly failed: number;
  /** Since the oldest unfinished event could first be published. */
  readonly lagSeconds: number;
  readonly lastProcessedAt: string | null;
}

/** How the outbox stands; every count ends at {@link COUNT_LIMIT}. */
export async function readBacklog(database: DataApi): Promise<Backlog> {
  const row = new RowReader((await database.query(BACKLOG))[0]);
  return {
    pending: row.number(0),
    due: row.number(1),
    dueLater: row.number(2),
    processing: row.number(3),
    processed: row.number(4),
    failed: row.number(5),
    lagSeconds: row.number(6),
    lastProcessedAt: row.optionalText(7) ?? null,
  };
}
