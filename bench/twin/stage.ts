import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startTwin } from '../../local/start-twin.ts';
import type { Twin } from '../../twin/deploy.ts';

export interface TwinStage {
  readonly twin: Twin;
  readonly pool: pg.Pool;
  /** Adds this many milliseconds to every function call, statement and request. */
  setLatency(ms: number): Promise<void>;
  stop(): Promise<void>;
}

/** A twin of the stack with this configuration, whose schedules do not tick. */
export async function startTwinStage(context: Readonly<Record<string, string>>): Promise<TwinStage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'outbox-bench-twin-'));
  const twin = await startTwin({
    port: 0,
    dataDir,
    dataDirGiven: true,
    databaseUrl: undefined,
    tickSeconds: 0,
    assembly: undefined,
    context: Object.fromEntries(Object.entries(context).map(([key, value]) => [`outbox:${key}`, value])),
    report: () => undefined,
  });
  const pool = new pg.Pool({ connectionString: twin.postgresUrl, max: 4 });
  return {
    twin,
    pool,
    async setLatency(ms) {
      const slow = ['events', 'rds-data', 'lambda'].map((service) => ({ service, kind: 'latency', ms }));
      const response = await fetch(`${twin.url}/_local/faults`, {
        method: 'PUT',
        body: JSON.stringify(ms === 0 ? [] : slow),
      });
      if (!response.ok) throw new Error(`no latency: ${await response.text()}`);
    },
    async stop() {
      await pool.end();
      await twin.stop('now');
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
