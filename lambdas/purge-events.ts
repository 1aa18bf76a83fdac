import { setTimeout as pause } from 'node:timers/promises';
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { forgetKeys } from '../outbox/forget-keys.ts';
import { type Purged, purge } from '../outbox/purge.ts';
import { dataApi } from './runtime/clients.ts';
import { count } from './runtime/environment.ts';
import { logger, metrics, withTelemetry } from './runtime/telemetry.ts';

const database = dataApi(count('DATABASE_TIMEOUT_MS'));
const retentionDays = count('RETENTION_DAYS');
const workMs = count('PURGE_WORK_MS');

/** `Purge events`: deletes processed events past their retention, and ordering keys idle for long, while there is time. */
export async function purgeEvents(): Promise<Purged> {
  const endsAt = Date.now() + workMs;
  const result = await purge(database, retentionDays, endsAt, { now: Date.now, pause });
  metrics.addMetric('EventsPurged', MetricUnit.Count, result.purged);
  metrics.addMetric('PurgeOverdue', MetricUnit.Seconds, result.overdueSeconds);
  const forgottenKeys = await forgetKeys(database, retentionDays, endsAt, Date.now);
  logger.info('purged processed events', { ...result, forgottenKeys, retentionDays });
  return result;
}

export const handler = withTelemetry(purgeEvents);
