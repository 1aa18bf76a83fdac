import pg from 'pg';
import { migrate } from '../../database/migrate.ts';
import { readMigrations } from '../../database/read-migrations.ts';
import type { TransactionalDataApi } from '../../outbox/data-api.ts';
import { createPgDataApi } from './pg-data-api.ts';

/** Migrates as the product does, over one direct connection to PostgreSQL. */
export async function migrateDatabase(url: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const database: TransactionalDataApi = {
    ...createPgDataApi(pool),
    batch: () => Promise.reject(new Error('a migration has no batches')),
    async transaction(work) {
      await pool.query('begin');
      try {
        const result = await work(database);
        await pool.query('commit');
        return result;
      } catch (error) {
        await pool.query('rollback');
        throw error;
      }
    },
  };
  try {
    await migrate(database, await readMigrations());
  } finally {
    await pool.end();
  }
}
