import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { migrate } from '../database/migrate.ts';
import outboxEvents from '../database/migrations/0001_outbox_events.sql';
import claimFunction from '../database/migrations/0002_claim_outbox_events.sql';
import roles from '../database/migrations/0003_roles.sql';
import installation from '../database/migrations/0004_installation.sql';
import { checkOwner, takeOwnership } from '../database/owner.ts';
import { type Credentials, ensureRole } from '../database/roles.ts';
import { dataApi } from './runtime/clients.ts';
import { count, text } from './runtime/environment.ts';
import { logger, withTelemetry } from './runtime/telemetry.ts';
import { createUntilAvailable, wallClock } from './runtime/wait-until-available.ts';

const database = dataApi(count('DATABASE_TIMEOUT_MS'));
const outboxName = text('OUTBOX_NAME');
const secrets = new SecretsManagerClient();
const secretArns = { processor: text('PROCESSOR_SECRET_ARN'), producer: text('PRODUCER_SECRET_ARN') };

/** The migrations are part of the bundle, so a new one changes the function, and the deployment runs it. */
const migrations = [
  { name: '0001_outbox_events', sql: outboxEvents },
  { name: '0002_claim_outbox_events', sql: claimFunction },
  { name: '0003_roles', sql: roles },
  { name: '0004_installation', sql: installation },
];

export interface Migrated {
  /** The names of the migrations that this call applied. */
  readonly applied: readonly string[];
  /** Database roles that now have the passwords of their secrets. */
  readonly roles: readonly string[];
}

/** Runs on every deployment that changes it, and on `outbox sync-roles`. */
export async function migrateDatabase(): Promise<Migrated> {
  const untilAvailable = createUntilAvailable({
    ...wallClock,
    onWait: (error, secondsLeft) =>
      logger.warn(`waiting: ${error instanceof Error ? error.message : String(error)}`, { secondsLeft }),
  });
  await untilAvailable(() => checkOwner(database, outboxName));
  const applied = await untilAvailable(() => migrate(database, migrations));
  await untilAvailable(() => takeOwnership(database, outboxName));
  const [processor, producer] = [
    await untilAvailable(() => credentials(secretArns.processor)),
    await untilAvailable(() => credentials(secretArns.producer)),
  ];
  await untilAvailable(() => ensureRole(database, processor, 'processor'));
  await untilAvailable(() => ensureRole(database, producer, 'producer'));
  const roleNames = [processor.username, producer.username];
  logger.info('database migrated', { applied, roles: roleNames });
  return { applied, roles: roleNames };
}

async function credentials(secretArn: string): Promise<Credentials> {
  const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: secretArn }));
  const { username, password } = JSON.parse(SecretString ?? '{}') as Partial<Credentials>;
  if (!username || !password) throw new Error(`secret ${secretArn} holds no username and password`);
  return { username, password };
}

export const handler = withTelemetry(migrateDatabase);
