import type { Pool } from 'pg';
import type { Twin } from '../twin/deploy.ts';
import type { ExecutionRecord } from '../twin/services/step-functions/executions.ts';

/** How the table stands: what the live view and the console page both show. */
export interface OutboxStatus {
  readonly due: number;
  readonly inFlight: number;
  /** Pending, but due later: backed off, given back by an outage, or delayed by their producer. */
  readonly waiting: number;
  readonly failed: number;
  /** Age of the oldest unfinished event, as the processor's own metric tells it. */
  readonly lagSeconds: number;
  readonly oldestLeaseEnd: Date | undefined;
}

/** How things stand, as the live view shows it. */
export interface Progress extends OutboxStatus {
  readonly published: number;
  readonly lastRun: ExecutionRecord | undefined;
}

// The partial indexes answer this: its cost follows the backlog, not the history.
const STATUS = `
  select count(*) filter (where due_at <= now())::int as due,
    count(*) filter (where status = 'PROCESSING' and due_at > now())::int as "inFlight",
    count(*) filter (where status = 'PENDING' and due_at > now())::int as waiting,
    (select count(*) from outbox_events where status = 'FAILED')::int as failed,
    greatest(0, coalesce(extract(epoch from now() - min(ready_at)), 0))::float8 as "lagSeconds",
    min(due_at) filter (where status = 'PROCESSING' and due_at > now()) as "oldestLeaseEnd"
  from outbox_events where due_at is not null`;

export async function readOutboxStatus(pool: Pool): Promise<OutboxStatus> {
  const { rows } = await pool.query(STATUS);
  return { ...rows[0], oldestLeaseEnd: rows[0].oldestLeaseEnd ?? undefined };
}

export async function readProgress(pool: Pool, twin: Twin, publishedBefore: number): Promise<Progress> {
  const lastRun = twin.executions.list().find(({ status }) => status !== 'RUNNING');
  return { ...(await readOutboxStatus(pool)), published: twin.bus.length - publishedBefore, lastRun };
}

/** Nothing is left to do: neither now nor later. */
export function isDrained({ due, inFlight, waiting }: OutboxStatus): boolean {
  return due + inFlight + waiting === 0;
}
