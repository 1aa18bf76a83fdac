import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { type Batch, type ClaimLimits, claim } from '../outbox/claim.ts';
import { type AwaitedCall, whyNotAwaited } from '../outbox/clocks.ts';
import { skipFailed } from './runtime/backoff.ts';
import { busCheck, dataApi } from './runtime/clients.ts';
import { count } from './runtime/environment.ts';
import { logger, metrics, withTelemetry } from './runtime/telemetry.ts';

const databaseTimeoutMs = count('DATABASE_TIMEOUT_MS');
const database = dataApi(databaseTimeoutMs);
const checkBus = busCheck(count('BUS_CHECK_TIMEOUT_MS'));
const limits: ClaimLimits = {
  maxEvents: count('BATCH_SIZE'),
  maxStateBytes: count('BATCH_MAX_STATE_BYTES'),
  maxInlineBytes: count('INLINE_PAYLOAD_BYTES', 0),
  leaseSeconds: count('LEASE_SECONDS'),
  maxAttempts: count('MAX_ATTEMPTS'),
  skipFailed: skipFailed(),
};

export interface FetchBatchInput extends AwaitedCall {
  readonly leaseToken: string;
  readonly runId: string;
  /** Whether this is the first fetch of the run: it also checks the bus and measures the backlog. */
  readonly firstOfRun?: boolean;
  /** Fewer events than the batch size, while the run is throttled. */
  readonly maxEvents?: number;
}

/** `Fetch batch`: claims the oldest due events with the lease token of the run. */
export async function fetchBatch(input: FetchBatchInput): Promise<Omit<Batch, 'gauges'>> {
  const { leaseToken, runId, firstOfRun, maxEvents = limits.maxEvents } = input;
  const refusal = whyNotAwaited(input, Date.now());
  if (refusal !== undefined) throw refusal;
  // Before the claim, so that a missing bus consumes no attempts.
  const reason = firstOfRun ? await checkBus(runId) : undefined;
  if (reason !== undefined)
    logger.warn('the bus could not be checked, events are published all the same', { reason });
  const sentAt = Date.now();
  // Also stop at our own timeout: the statement may still be queued then.
  const expiresAt = Math.min(input.expiresAt ?? Number.POSITIVE_INFINITY, sentAt + databaseTimeoutMs);
  const lease = { leaseToken, runId, sentAt, expiresAt };
  const { gauges, ...batch } = await claim(
    database,
    lease,
    { ...limits, maxEvents: Math.min(maxEvents, limits.maxEvents) },
    firstOfRun,
  );
  metrics.addMetric('EventsClaimed', MetricUnit.Count, batch.events.length);
  metrics.addMetric('EventsReclaimed', MetricUnit.Count, batch.reclaimed);
  metrics.addMetric('EventsFailed', MetricUnit.Count, batch.failedForGood);
  if (gauges !== undefined) {
    metrics.addMetric('DueEvents', MetricUnit.Count, gauges.due);
    metrics.addMetric('FailedEvents', MetricUnit.Count, gauges.failed);
    metrics.addMetric('BlockedKeys', MetricUnit.Count, gauges.blockedKeys);
    metrics.addMetric('OldestEventAge', MetricUnit.Seconds, gauges.lagSeconds);
    if (gauges.snapshotSeconds !== undefined)
      metrics.addMetric('OldestSnapshotAge', MetricUnit.Seconds, gauges.snapshotSeconds);
  }
  if (batch.failedForGood > 0)
    logger.error('events failed for good, because the lease of their last attempt ran out', {
      failedForGood: batch.failedForGood,
    });
  if (batch.reclaimed > 0)
    logger.warn('reclaimed events whose lease ran out', { reclaimed: batch.reclaimed });
  return batch;
}

export const handler = withTelemetry(fetchBatch);
