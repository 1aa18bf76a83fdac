import type { Pool } from 'pg';
import type { Twin } from '../twin/deploy.ts';
import type { ExecutionRecord } from '../twin/services/step-functions/executions.ts';
import { type Outage, readOutage } from './outage.ts';

/** How the table stands: what the live view and the console page both show. Counts end at {@link COUNT_LIMIT}. */
export interface OutboxStatus {
  /** Due, delayed by their producer, or in backoff. */
  readonly pending: number;
  readonly due: number;
  readonly dueLater: number;
  readonly processing: number;
  readonly failed: number;
  /** Age of the oldest unfinished event, as the processor's own metric tells it. */
  readonly lagSeconds: number;
}

/** Where the counts of outbox_backlog end. */
export const COUNT_LIMIT = 1_000;

/** How things stand, as the live view shows it. */
export interface Progress extends OutboxStatus {
  readonly published: number;
  readonly lastRun: ExecutionRecord | undefined;
  readonly outage: Outage | undefined;
}

const STATUS = `
  select pending::int, due::int, due_later::int as "dueLater", processing::int, failed::int,
    lag_seconds as "lagSeconds"
  from outbox_backlog`;

export async function readOutboxStatus(pool: Pool): Promise<OutboxStatus> {
  const { rows } = await pool.query(STATUS);
  return rows[0];
}

export async function readProgress(pool: Pool, twin: Twin, publishedBefore: number): Promise<Progress> {
  const lastRun = twin.executions.list().find(({ status }) => status !== 'RUNNING');
  const [status, outage] = await Promise.all([readOutboxStatus(pool), readOutage(pool)]);
  return { ...status, published: twin.bus.length - publishedBefore, lastRun, outage };
}

/** Nothing is left to do: neither now nor later. */
export function isDrained({ pending, processing }: OutboxStatus): boolean {
  return pending + processing === 0;
}
