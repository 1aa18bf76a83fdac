import { randomUUID } from 'node:crypto';
import type { FailureKind } from '../../outbox/classify-failure.ts';
import { type Failed, markFailed } from '../../outbox/mark-failed.ts';
import type { Backoff, Recorded } from '../../outbox/outcomes.ts';
import type { Published } from '../../outbox/publish.ts';
import type { OutboxDatabase } from './outbox-database.ts';

/** Long backoffs, so that a slow test can still tell one from another. */
export const backoff: Backoff = {
  maxAttempts: 8,
  backoffBaseSeconds: 10_000,
  backoffMaxSeconds: 600_000,
  outageDelaySeconds: 3000,
  outageLimitSeconds: 86_400,
};

export const published = (eventId: string, eventBridgeId: string = randomUUID()): Published => ({
  eventId,
  eventBridgeId,
});

export const failed = (eventId: string, kind: FailureKind, errorType = 'InternalFailure'): Failed => ({
  eventId,
  kind,
  errorType,
  message: `${errorType} of ${kind} kind`,
});

/** Marks as `Mark failed` does. */
export function fail(
  { dataApi }: OutboxDatabase,
  leaseToken: string,
  outcomes: readonly Failed[],
  changed: Partial<Backoff> = {},
): Promise<Recorded> {
  return markFailed(dataApi, leaseToken, outcomes, { ...backoff, ...changed });
}
