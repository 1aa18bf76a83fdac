import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../twin/postgres/postgres.ts';

// fsync stays on, because an outbox that may lose its rows is not a useful measurement.
const settings = [
  'shared_buffers=2GB',
  'max_wal_size=16GB',
  'checkpoint_timeout=30min',
  'wal_level=logical', // for the peer that reads the replication stream
  'max_connections=200',
  'shared_preload_libraries=pg_stat_statements', // counts statements
];

export interface BenchPostgres {
  /** Creates a database and returns its URL. `template`: an existing database without connections. */
  createDatabase(name: string, options?: { readonly template?: string }): Promise<string>;
  dropDatabase(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** The PostgreSQL 17 server of a benchmark run. */
export async function startBenchPostgres(report: (step: string) => void): Promise<BenchPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), 'outbox-bench-'));
  const server = await startPostgres({ dataDir, databaseName: 'bench', settings, report });
  const admin = new pg.Pool({ connectionString: server.url, max: 1 });
  return {
    async createDatabase(name, { template } = {}) {
      await admin.query(
        `create database ${name}${template === undefined ? '' : ` template ${template} strategy file_copy`}`,
      );
      const url = new URL(server.url);
      url.pathname = `/${name}`;
      return url.href;
    },
    async dropDatabase(name) {
      await admin.query(`drop database if exists ${name} with (force)`);
    },
    async stop() {
      await admin.end();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
