import type { Pool } from 'pg';
import { COUNT_LIMIT } from '../cli/backlog.ts';
import { type Outage, readBus, type Transactions } from '../cli/outage.ts';
import type { Twin } from '../twin/deploy.ts';
import type { ExecutionRecord } from '../twin/services/step-functions/executions.ts';

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

/** The outage of the bus, if there is one. */
export async function readOutage(pool: Pool): Promise<Outage | undefined> {
  return (await readBus(transactionsOf(pool))).outage;
}

function transactionsOf(pool: Pool): Transactions {
  return {
    async transaction(work) {
      const connection = await pool.connect();
      try {
        await connection.query('begin');
        const query = async (text: string) => (await connection.query({ text, rowMode: 'array' })).rows;
        const result = await work({ query });
        await connection.query('commit');
        connection.release();
        return result;
      } catch (error) {
        connection.release(true);
        throw error;
      }
    },
  };
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
