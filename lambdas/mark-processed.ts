import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { RowsLocked } from '../outbox/errors.ts';
import { markProcessed as mark } from '../outbox/mark-processed.ts';
import type { Recorded } from '../outbox/outcomes.ts';
import type { Published } from '../outbox/publish.ts';
import { dataApi } from './runtime/clients.ts';
import { count } from './runtime/environment.ts';
import { logger, metrics, withTelemetry } from './runtime/telemetry.ts';

const database = dataApi(count('DATABASE_TIMEOUT_MS'));

export interface MarkProcessedInput {
  readonly outcomes: readonly Published[];
  readonly runId: string;
}

/** `Mark processed`: records what EventBridge accepted, whoever holds the lease now. Throws RowsLocked. */
export async function markProcessed({ outcomes }: MarkProcessedInput): Promise<Recorded> {
  const result = await mark(database, outcomes);
  // A call that finds locked rows is repeated as a whole: do not count again what it has already recorded.
  metrics.addMetric('EventsPublished', MetricUnit.Count, result.recorded + result.lost.length);
  if (result.maxDelayMs !== undefined) {
    metrics.addMetric('PublishDelay', MetricUnit.Milliseconds, result.maxDelayMs);
  }
  metrics.addMetric('LeasesLost', MetricUnit.Count, result.lost.length);
  if (result.lost.length > 0)
    logger.warn('published events that are no longer ours to mark', { lost: result.lost });
  if (result.locked !== undefined) throw new RowsLocked(result.locked, outcomes.length);
  return result;
}

export const handler = withTelemetry(markProcessed);
