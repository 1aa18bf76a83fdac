import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { readFailure, withinBatch } from '../outbox/classify-failure.ts';
import { RowsLocked } from '../outbox/errors.ts';
import { markFailed as mark } from '../outbox/mark-failed.ts';
import type { Recorded } from '../outbox/outcomes.ts';
import type { NotPublished } from '../outbox/publish.ts';
import { backoff } from './runtime/backoff.ts';
import { dataApi } from './runtime/clients.ts';
import { count } from './runtime/environment.ts';
import { logger, metrics, withTelemetry } from './runtime/telemetry.ts';

const database = dataApi(count('DATABASE_TIMEOUT_MS'));
const settings = backoff();

export interface MarkFailedInput {
  readonly leaseToken: string;
  readonly outcomes: readonly NotPublished[];
  /** Events of the same batch that the bus accepted. */
  readonly accepted: number;
  readonly runId: string;
}

/** `Mark failed`: fails events for good that can never be published, and backs others off. Throws RowsLocked. */
export async function markFailed({ leaseToken, outcomes, accepted }: MarkFailedInput): Promise<Recorded> {
  const failures = outcomes.map(({ eventId, error, cause }) =>
    withinBatch({ eventId, ...readFailure(error, cause) }, accepted),
  );
  const result = await mark(database, leaseToken, failures, settings);
  // The logger uses `message` itself. What waits behind another event has not failed.
  for (const { message: reason, ...failure } of failures)
    if (failure.kind === 'not sent') logger.debug('event not sent', { ...failure, reason });
    else logger.error('event not published', { ...failure, reason });
  const failedAttempts = result.recorded - (result.notSent ?? 0);
  // A call that finds locked rows is repeated as a whole: do not count again what it has already recorded.
  metrics.addMetric('AttemptsFailed', MetricUnit.Count, failedAttempts + result.lost.length);
  metrics.addMetric('EventsFailed', MetricUnit.Count, result.failedForGood);
  metrics.addMetric('LeasesLost', MetricUnit.Count, result.lost.length);
  if (result.lost.length > 0)
    logger.warn('failed events that are no longer ours to mark', { lost: result.lost });
  if (result.locked !== undefined) throw new RowsLocked(result.locked, outcomes.length);
  return result;
}

export const handler = withTelemetry(markFailed);
