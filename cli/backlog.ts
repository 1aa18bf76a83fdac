import type { DataApi } from '../outbox/data-api.ts';
import { RowReader } from '../outbox/row.ts';
import { isoTime } from './columns.ts';

/** Looking costs the same at any size: nothing is counted further. */
export const COUNT_LIMIT = 10_000;

const BACKLOG = `
  select
    (select count(*) from (select from outbox_events
      where due_at <= now() limit ${COUNT_LIMIT}) as due),
    (select count(*) from (select from outbox_events
      where status = 'PROCESSING' and due_at > now() limit ${COUNT_LIMIT}) as held),
    (select count(*) from (select from outbox_events
      where due_at > now() and status = 'PENDING' limit ${COUNT_LIMIT}) as waiting),
    (select count(*) from (select from outbox_events
      where status = 'FAILED' limit ${COUNT_LIMIT}) as parked),
    (select count(*) from (select from outbox_events
      where status = 'PROCESSED' limit ${COUNT_LIMIT}) as processed),
    cast(greatest(0, coalesce((select extract(epoch from now() - min(ready_at)) from outbox_events
      where processed_at is null and failed_at is null), 0)) as double precision),
    (select ${isoTime('max(processed_at)')} from outbox_events where status = 'PROCESSED')`;

export interface Backlog {
  readonly due: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly parked: number;
  /** Until they are purged. */
  readonly processed: number;
  /** Since the oldest unfinished event could first be published. */
  readonly lagSeconds: number;
  readonly lastProcessedAt: string | null;
}

/** How the outbox stands; every count ends at {@link COUNT_LIMIT}. */
export async function readBacklog(database: DataApi): Promise<Backlog> {
  const row = new RowReader((await database.query(BACKLOG))[0]);
  return {
    due: row.number(0),
    inFlight: row.number(1),
    waiting: row.number(2),
    parked: row.number(3),
    processed: row.number(4),
    lagSeconds: row.number(5),
    lastProcessedAt: row.optionalText(6) ?? null,
  };
}
