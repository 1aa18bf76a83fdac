import { migrate } from '../database/migrate.ts';
import outboxEvents from '../database/migrations/0001_outbox_events.sql';
import claimFunction from '../database/migrations/0002_claim_outbox_events.sql';
import { dataApi } from './runtime/clients.ts';
import { count } from './runtime/environment.ts';
import { logger, withTelemetry } from './runtime/telemetry.ts';

const database = dataApi(count('DATABASE_TIMEOUT_MS'));

/** The migrations are part of the bundle, so a new one changes the function and the deployment runs it. */
const migrations = [
  { name: '0001_outbox_events', sql: outboxEvents },
  { name: '0002_claim_outbox_events', sql: claimFunction },
];

/** Runs on every deployment that changes it. */
export async function migrateDatabase(): Promise<{ readonly applied: readonly string[] }> {
  const applied = await migrate(database, migrations);
  logger.info('database migrated', { applied });
  return { applied };
}

export const handler = withTelemetry(migrateDatabase);
