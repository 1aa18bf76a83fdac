import type { Pool } from 'pg';
import type { ExecutionRecord } from './executions.ts';
import type { Twin } from './twin.ts';

/** How things stand, as the live view shows it. */
export interface Progress {
  readonly due: number;
  readonly inFlight: number;
  /** Pending, but due later: backed off, given back by an outage, or delayed by their producer. */
  readonly waiting: number;
  readonly failed: number;
  readonly published: number;
  readonly lastRun: ExecutionRecord | undefined;
  readonly oldestLeaseEnd: Date | undefined;
}

// The partial indexes answer this: its cost follows the backlog, not the history.
const STATUS = `
  select count(*) filter (where due_at <= now())::int as due,
    count(*) filter (where status = 'PROCESSING' and due_at > now())::int as "inFlight",
    count(*) filter (where status = 'PENDING' and due_at > now())::int as waiting,
    (select count(*) from outbox_events where status = 'FAILED')::int as failed,
    min(due_at) filter (where status = 'PROCESSING' and due_at > now()) as "oldestLeaseEnd"
  from outbox_events where due_at is not null`;

export async function readProgress(pool: Pool, twin: Twin, publishedBefore: number): Promise<Progress> {
  const { rows } = await pool.query(STATUS);
  const lastRun = twin.executions.list().find(({ status }) => status !== 'RUNNING');
  return {
    ...rows[0],
    oldestLeaseEnd: rows[0].oldestLeaseEnd ?? undefined,
    published: twin.bus.length - publishedBefore,
    lastRun,
  };
}

/** Nothing is left to do: neither now nor later. */
export function isDrained({ due, inFlight, waiting }: Progress): boolean {
  return due + inFlight + waiting === 0;
}
