import { userInfo } from 'node:os';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { MATCHES_LIMIT, startRedrive } from '../../cli/start-redrive.ts';
import { InvalidRedriveRequest, readRedriveRequest } from '../../outbox/redrive-request.ts';
import { countMatches } from '../../outbox/requeue.ts';
import { readSkippable, skip } from '../../outbox/skip.ts';
import type { RedriveAnswer, SkipAnswer, StartedRun } from '../api.ts';
import type { Connection } from './connection.ts';
import { eventId } from './list-events.ts';
import { badRequest } from './problem.ts';

/** Counts what matches, and unless it is a dry run starts the redrive. */
export async function redrive(connection: Connection, order: unknown): Promise<RedriveAnswer> {
  const { filter, limit, dryRun } = (order ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof dryRun !== 'boolean')
    throw badRequest(`dryRun is ${JSON.stringify(dryRun)}: expected true or false`);
  const request = readRequest({ ...(filter as object | undefined), ...(limit !== undefined && { limit }) });
  const { limit: most = MATCHES_LIMIT, dryRun: _, ...conditions } = request;
  const matches = await countMatches(connection.database, conditions, Math.min(most, MATCHES_LIMIT));
  const { matching, outOfOrder } = matches;
  const counted = { matching, ...(outOfOrder > 0 && { outOfOrder }) };
  if (dryRun || matching === 0) return counted;
  const { stepFunctions, target } = connection;
  return { ...counted, executionArn: await startRedrive(stepFunctions, target.need('redriveArn'), request) };
}

function readRequest(request: object) {
  try {
    return readRedriveRequest(request);
  } catch (error) {
    throw error instanceof InvalidRedriveRequest ? badRequest(error.message) : error;
  }
}

/** Counts the events that would pass, and skips the failed one unless this is a dry run. */
export async function skipEvent(connection: Connection, order: unknown): Promise<SkipAnswer> {
  const { eventId: given, reason, dryRun } = (order ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof dryRun !== 'boolean')
    throw badRequest(`dryRun is ${JSON.stringify(dryRun)}: expected true or false`);
  if (reason !== undefined && typeof reason !== 'string')
    throw badRequest(`reason is ${JSON.stringify(reason).slice(0, 80)}: expected a text`);
  const id = eventId(String(given));
  const found = await readSkippable(connection.database, id);
  if ('refusal' in found) throw badRequest(found.refusal);
  const { orderingKey, waitingBehind } = found;
  if (dryRun) return { orderingKey, waitingBehind };
  const why = reason?.trim() || undefined;
  const { since } = await skip(connection.changeableDatabase(), id, userInfo().username, why);
  return { orderingKey, waitingBehind, skippedAt: since };
}

/** Starts the processor once. */
export async function startRun({ stepFunctions, target }: Connection): Promise<StartedRun> {
  const { executionArn = '' } = await stepFunctions.send(
    new StartExecutionCommand({
      stateMachineArn: target.need('processorArn'),
      input: JSON.stringify({ lingerSeconds: 0 }),
    }),
  );
  return { executionArn };
}
