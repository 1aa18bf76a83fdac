import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { BenchPostgres } from '../postgres.ts';

const DROP_TRIES = 20;
const DROP_RETRY_MS = 100;

let databases = 0;

/** Runs work in a new database and always drops it afterwards. */
export async function inFreshDatabase<T>(
  postgres: BenchPostgres,
  work: (databaseUrl: string) => Promise<T>,
): Promise<T> {
  databases += 1;
  const name = `bench_${databases}`;
  const url = await postgres.createDatabase(name);
  try {
    return await work(url);
  } finally {
    await drop(postgres, name);
  }
}

/** A replication slot stays in use for a moment after the process that read it has ended. */
async function drop(postgres: BenchPostgres, name: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await postgres.dropDatabase(name);
    } catch (error) {
      if (tries === DROP_TRIES) throw error;
      await pause(DROP_RETRY_MS);
    }
  }
}

/** The work that autovacuum would have done before a real backlog is this long. */
export async function vacuumAnalyze(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('vacuum analyze');
  } finally {
    await client.end();
  }
}
