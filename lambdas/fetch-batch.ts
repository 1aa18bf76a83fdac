import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { type Batch, type ClaimLimits, claim } from '../outbox/claim.ts';
import { type AwaitedCall, whyNotAwaited } from '../outbox/clocks.ts';
import { dataApi } from './runtime/clients.ts';
import { count } from './runtime/environment.ts';
import { logger, metrics, withTelemetry } from './runtime/telemetry.ts';

const databaseTimeoutMs = count('DATABASE_TIMEOUT_MS');
const database = dataApi(databaseTimeoutMs);
const limits: ClaimLimits = {
  maxEvents: count('BATCH_MAX_EVENTS'),
  maxStateBytes: count('BATCH_MAX_STATE_BYTES'),
  maxInlineBytes: count('INLINE_MAX_BYTES'),
  leaseSeconds: count('LEASE_SECONDS'),
  maxAttempts: count('MAX_ATTEMPTS'),
};

export interface FetchBatchInput extends AwaitedCall {
  readonly leaseToken: string;
  readonly runId: string;
  /** Whether to look how the outbox stands: once a run is enough. */
  readonly measure?: boolean;
}

/** `Fetch batch`: claims the oldest due events under the run's lease token. */
export async function fetchBatch(input: FetchBatchInput): Promise<Omit<Batch, 'gauges'>> {
  const { leaseToken, runId, measure } = input;
  const sentAt = Date.now();
  const refusal = whyNotAwaited(input, sentAt);
  if (refusal !== undefined) throw refusal;
  // Nor does this call wait longer than its own time-out, while the statement may still be queued.
  const expiresAt = Math.min(input.expiresAt ?? Number.POSITIVE_INFINITY, sentAt + databaseTimeoutMs);
  const lease = { leaseToken, runId, sentAt, expiresAt };
  const { gauges, ...batch } = await claim(database, lease, limits, measure);
  metrics.addMetric('EventsClaimed', MetricUnit.Count, batch.events.length);
  metrics.addMetric('EventsReclaimed', MetricUnit.Count, batch.reclaimed);
  metrics.addMetric('EventsParked', MetricUnit.Count, batch.parked);
  if (gauges !== undefined) {
    metrics.addMetric('DueEvents', MetricUnit.Count, gauges.due);
    metrics.addMetric('ParkedEvents', MetricUnit.Count, gauges.parked);
    metrics.addMetric('OldestEventAge', MetricUnit.Seconds, gauges.oldestAgeSeconds);
  }
  if (batch.parked > 0) logger.error('parked events whose last lease ran out', { parked: batch.parked });
  if (batch.reclaimed > 0)
    logger.warn('reclaimed events whose lease ran out', { reclaimed: batch.reclaimed });
  return batch;
}

export const handler = withTelemetry(fetchBatch);
