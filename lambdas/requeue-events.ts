import { RowsLocked } from '../outbox/errors.ts';
import { readRedriveRequest } from '../outbox/redrive-request.ts';
import { countMatches, requeue } from '../outbox/requeue.ts';
import { dataApi } from './runtime/clients.ts';
import { count } from './runtime/environment.ts';
import { logger, withTelemetry } from './runtime/telemetry.ts';

const database = dataApi(count('DATABASE_TIMEOUT_MS'));
const batch = count('REDRIVE_BATCH');

export interface RequeueEventsInput {
  /** The execution of the redrive. */
  readonly runId: string;
  /** The input of the person, unchanged. */
  readonly request: unknown;
}

export interface RequeueEventsResult {
  readonly dryRun: boolean;
  /** For a dry run, the matching events; otherwise the events that this redrive has made due again so far. */
  readonly events: number;
  readonly more: boolean;
  /** For a dry run, events that were skipped, if any: they are published out of the order of their key. */
  readonly outOfOrder?: number;
}

/** `Requeue events`: makes matching events due again, batch by batch. Throws RowsLocked. */
export async function requeueEvents({ runId, request }: RequeueEventsInput): Promise<RequeueEventsResult> {
  const { limit = Number.MAX_SAFE_INTEGER, dryRun = false, ...filter } = readRedriveRequest(request);
  if (dryRun) {
    const { matching, outOfOrder } = await countMatches(database, filter, limit);
    return { dryRun, events: matching, more: false, ...(outOfOrder > 0 && { outOfOrder }) };
  }
  const { requeued, total, more, locked } = await requeue(database, runId, filter, { limit, batch });
  logger.info('requeued failed events', { requeued, total, filter });
  if (locked !== undefined) throw new RowsLocked(locked, requeued + locked.length);
  return { dryRun, events: total, more };
}

export const handler = withTelemetry(requeueEvents);
