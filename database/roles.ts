import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { DataApi } from '../outbox/data-api.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

const CREATE = 'select cast(outbox_create_role(cast(:username as text), cast(:verifier as text)) as text)';
const GRANT = {
  processor: 'select cast(outbox_grant_processor(cast(:username as text)) as text)',
  producer: 'select cast(outbox_grant_producer(cast(:username as text)) as text)',
  operator: 'select cast(outbox_grant_operator(cast(:username as text)) as text)',
} as const;

/** Creates a role, or sets its password to that of its secret again, and grants its permissions. */
export async function ensureRole(
  database: DataApi,
  { username, password }: Credentials,
  purpose: keyof typeof GRANT,
): Promise<void> {
  await database.query(CREATE, { username, verifier: scramVerifier(password) });
  await database.query(GRANT[purpose], { username });
}

const ITERATIONS = 4096;

/** What PostgreSQL stores instead of a password. https://www.postgresql.org/docs/17/catalog-pg-authid.html */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const keyed = (label: string) => createHmac('sha256', salted).update(label).digest();
  const storedKey = createHash('sha256').update(keyed('Client Key')).digest('base64');
  const serverKey = keyed('Server Key').toString('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
