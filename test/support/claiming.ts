import { randomUUID } from 'node:crypto';
import { type Batch, type ClaimLimits, claim, type Lease } from '../../outbox/claim.ts';
import type { OutboxDatabase } from './outbox-database.ts';

export const runId = 'arn:aws:states:us-east-1:000000000000:express:outbox-processor:run';

/** The limits of the deployed stack. */
export const limits: ClaimLimits = {
  maxEvents: 200,
  maxStateBytes: 240_000,
  maxInlineBytes: 240_000,
  leaseSeconds: 330,
  maxAttempts: 8,
};

/** Claims as `Fetch batch` does, with a new token unless one is given. */
export async function claimBatch(
  { dataApi }: Pick<OutboxDatabase, 'dataApi'>,
  {
    leaseToken = randomUUID(),
    sentAt,
    expiresAt,
    ...changed
  }: Partial<ClaimLimits> & Partial<Omit<Lease, 'runId'>> = {},
): Promise<Batch & { readonly leaseToken: string }> {
  const batch = await claim(
    dataApi,
    {
      leaseToken,
      runId,
      ...(sentAt !== undefined && { sentAt }),
      ...(expiresAt !== undefined && { expiresAt }),
    },
    { ...limits, ...changed },
  );
  return { ...batch, leaseToken };
}

export const idsOf = ({ events }: Batch): string[] => events.map(({ eventId }) => eventId);
