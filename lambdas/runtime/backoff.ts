import type { Backoff } from '../../outbox/outcomes.ts';
import { choice, count } from './environment.ts';

/** The settings of the stack for failed attempts. */
export function backoff(): Backoff {
  return {
    maxAttempts: count('MAX_ATTEMPTS'),
    backoffBaseSeconds: count('BACKOFF_BASE_SECONDS'),
    backoffMaxSeconds: count('BACKOFF_MAX_SECONDS'),
    outageDelaySeconds: count('OUTAGE_DELAY_SECONDS'),
    outageLimitSeconds: count('OUTAGE_LIMIT_SECONDS'),
    ...(skipFailed() && { skipFailed: true }),
  };
}

/** Whether the events of its key pass one that fails for good. */
export function skipFailed(): boolean {
  return choice('ORDERING_ON_FAILURE', ['block', 'continue']) === 'continue';
}
