import type { Pool } from 'pg';
import type { Twin } from '../twin/deploy.ts';
import type { ExecutionRecord } from '../twin/services/step-functions/executions.ts';
import { type Outage, readOutage } from './outage.ts';

/** The state of the table for the live view and the console page. Counts stop at {@link COUNT_LIMIT}. */
export interface OutboxStatus {
  /** Pending: due, delayed by their producer, or in backoff. */
  readonly pending: number;
  readonly due: number;
  readonly dueLater: number;
  readonly processing: number;
  readonly failed: number;
  /** Age of the oldest unfinished event, the same value as the processor's own metric. */
  readonly lagSeconds: number;
}

/** The limit of the counts of outbox_backlog. */
export const COUNT_LIMIT = 1_000;

/** The state of the table in the form of the live view. */
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

/** Whether no event is pending or processing. */
export function isDrained({ pending, processing }: OutboxStatus): boolean {
  return pending + processing === 0;
}
