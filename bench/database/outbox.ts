import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { type ClaimLimits, claim } from '../../outbox/claim.ts';
import type { DataApi } from '../../outbox/data-api.ts';
import { markProcessed } from '../../outbox/mark-processed.ts';
import { migrateDatabase } from '../../test/support/migrate-database.ts';
import { createPgDataApi } from '../../test/support/pg-data-api.ts';
import { type BenchPostgres, startBenchPostgres } from '../postgres.ts';
import type { Options } from '../section.ts';

/** A migrated outbox on its own server. */
export interface Outbox {
  readonly postgres: BenchPostgres;
  readonly url: string;
  /** For statements that are not measured. */
  readonly pool: pg.Pool;
  /** A single connection, so that the measured statements find cached plans. */
  readonly database: DataApi;
}

/** Runs work on a fresh outbox and always removes it afterwards. */
export async function withOutbox<T>({ report }: Options, work: (outbox: Outbox) => Promise<T>): Promise<T> {
  const postgres = await startBenchPostgres(report);
  const pools: pg.Pool[] = [];
  try {
    const url = await postgres.createDatabase('outbox');
    await migrateDatabase(url);
    const open = (max: number) => {
      const pool = new pg.Pool({ connectionString: url, max });
      pool.on('error', () => undefined); // the server may stop while the pool says goodbye
      pools.push(pool);
      return pool;
    };
    return await work({ postgres, url, pool: open(2), database: createPgDataApi(open(1)) });
  } finally {
    for (const pool of pools) await pool.end();
    await postgres.stop();
  }
}

export const BATCH = 200;

// The limits of the deployed stack: see infra/settings.ts and infra/handlers.ts.
const limits: ClaimLimits = {
  maxEvents: BATCH,
  maxStateBytes: 240_000,
  maxInlineBytes: 240_000,
  leaseSeconds: 330,
  maxAttempts: 8,
};
// As long as the ARN of an execution, which the product writes to this column.
const runId = `arn:aws:states:us-east-1:000000000000:express:outbox-processor:run:${randomUUID()}`;

/** One batch, claimed and marked with the product's statements. */
export interface Timed {
  readonly events: number;
  readonly claimMs: number;
  readonly markMs: number;
}

export async function claimAndMark(database: DataApi, measure = false): Promise<Timed> {
  const startedAt = performance.now();
  const { events } = await claim(database, { leaseToken: randomUUID(), runId }, limits, measure);
  const claimedAt = performance.now();
  const published = events.map(({ eventId }) => ({ eventId, eventBridgeId: randomUUID() }));
  if (published.length > 0) await markProcessed(database, published);
  return {
    events: published.length,
    claimMs: claimedAt - startedAt,
    markMs: performance.now() - claimedAt,
  };
}
