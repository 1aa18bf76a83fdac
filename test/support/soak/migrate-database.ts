import pg from 'pg';
import { migrate } from '../../../database/migrate.ts';
import { readMigrations } from '../../../database/read-migrations.ts';
import type { TransactionalDataApi } from '../../../outbox/data-api.ts';
import { pgDataApi } from './session.ts';

/** Migrates as the product does, over one direct connection to PostgreSQL. */
export async function migrateDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const database: TransactionalDataApi = {
    ...pgDataApi(client),
    batch: () => Promise.reject(new Error('a migration has no batches')),
    async transaction(work) {
      await client.query('begin');
      const result = await work(database);
      await client.query('commit');
      return result;
    },
  };
  try {
    await migrate(database, await readMigrations());
  } finally {
    await client.end();
  }
}
