import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { migrate } from '../database/migrate.ts';
import { migrations } from '../database/migrations.ts';
import { checkOwner, takeOwnership } from '../database/owner.ts';
import { type Credentials, ensureRole } from '../database/roles.ts';
import { dataApi } from './runtime/clients.ts';
import { count, text } from './runtime/environment.ts';
import { logger, withTelemetry } from './runtime/telemetry.ts';
import { createUntilAvailable, wallClock } from './runtime/wait-until-available.ts';

const database = dataApi(count('DATABASE_TIMEOUT_MS'));
const outboxName = text('OUTBOX_NAME');
const secrets = new SecretsManagerClient();
const secretArns = {
  processor: text('PROCESSOR_SECRET_ARN'),
  producer: text('PRODUCER_SECRET_ARN'),
  operator: text('OPERATOR_SECRET_ARN'),
} as const;

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
  const roleNames: string[] = [];
  for (const [purpose, secretArn] of Object.entries(secretArns)) {
    const role = await untilAvailable(() => credentials(secretArn));
    await untilAvailable(() => ensureRole(database, role, purpose as keyof typeof secretArns));
    roleNames.push(role.username);
  }
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
