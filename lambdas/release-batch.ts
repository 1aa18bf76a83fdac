import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { readFailure } from '../outbox/classify-failure.ts';
import { RowsLocked } from '../outbox/errors.ts';
import type { Recorded } from '../outbox/outcomes.ts';
import { release } from '../outbox/release.ts';
import { backoff } from './runtime/backoff.ts';
import { dataApi } from './runtime/clients.ts';
import { count } from './runtime/environment.ts';
import { logger, metrics, withTelemetry } from './runtime/telemetry.ts';

const database = dataApi(count('DATABASE_TIMEOUT_MS'));
const settings = backoff();

export interface ReleaseBatchInput {
  readonly leaseToken: string;
  readonly error: string;
  readonly cause: string;
  readonly runId: string;
}

/** `Release batch`: gives back the events of a failed run before their lease ends. Throws RowsLocked. */
export async function releaseBatch({ leaseToken, error, cause }: ReleaseBatchInput): Promise<Recorded> {
  const failure = readFailure(error, cause);
  const result = await release(database, leaseToken, failure, settings);
  const { errorType, message: reason } = failure;
  logger.error('run failed, its events were given back', { errorType, reason, ...result });
  metrics.addMetric('EventsFailed', MetricUnit.Count, result.failedForGood);
  if (result.locked !== undefined)
    throw new RowsLocked(result.locked, result.recorded + result.locked.length);
  return result;
}

export const handler = withTelemetry(releaseBatch);
