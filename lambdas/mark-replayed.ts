import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { RowsLocked } from '../outbox/errors.ts';
import { markReplayed as mark } from '../outbox/mark-replayed.ts';
import type { Recorded } from '../outbox/outcomes.ts';
import type { Published } from '../outbox/publish.ts';
import { dataApi } from './runtime/clients.ts';
import { count } from './runtime/environment.ts';
import { logger, metrics, withTelemetry } from './runtime/telemetry.ts';

const database = dataApi(count('DATABASE_TIMEOUT_MS'));

export interface MarkReplayedInput {
  readonly outcomes: readonly Published[];
  /** The execution of the replay. */
  readonly runId: string;
  /** Why a person started it; null when nobody said. */
  readonly reason: string | null;
}

/** `Mark replayed`: records in the rows what the bus accepted again. Throws RowsLocked. */
export async function markReplayed({ outcomes, runId, reason }: MarkReplayedInput): Promise<Recorded> {
  const result = await mark(database, outcomes, runId, reason);
  metrics.addMetric('EventsReplayed', MetricUnit.Count, result.recorded + result.lost.length);
  if (result.lost.length > 0)
    logger.warn('replayed events that were purged meanwhile', { lost: result.lost });
  if (result.locked !== undefined) throw new RowsLocked(result.locked, outcomes.length);
  return result;
}

export const handler = withTelemetry(markReplayed);
