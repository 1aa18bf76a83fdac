import { userInfo } from 'node:os';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { MATCHES_LIMIT, startExecution } from '../../cli/start-execution.ts';
import { InvalidRedriveRequest, readRedriveRequest } from '../../outbox/redrive-request.ts';
import { countReplayable, oldestReplayable } from '../../outbox/replay.ts';
import { InvalidReplayRequest, readReplayRequest } from '../../outbox/replay-request.ts';
import { countMatches } from '../../outbox/requeue.ts';
import { readSkippable, skip } from '../../outbox/skip.ts';
import type { RedriveAnswer, ReplayAnswer, SkipAnswer, StartedRun } from '../change-api.ts';
import type { Connection } from './connection.ts';
import { eventId } from './list-events.ts';
import { badRequest } from './problem.ts';

/** Counts what matches, and unless it is a dry run starts the redrive. */
export async function redrive(connection: Connection, order: unknown): Promise<RedriveAnswer> {
  const { given, dryRun } = readOrder(order);
  const request = refusing(() => readRedriveRequest(given));
  const { limit: most = MATCHES_LIMIT, dryRun: _, ...conditions } = request;
  const matches = await countMatches(connection.database, conditions, Math.min(most, MATCHES_LIMIT));
  const { matching, outOfOrder } = matches;
  const counted = { matching, ...(outOfOrder > 0 && { outOfOrder }) };
  if (dryRun || matching === 0) return counted;
  const { stepFunctions, target } = connection;
  const redriveArn = target.need('redriveArn');
  const executionArn = await startExecution(stepFunctions, 'redrive', redriveArn, request);
  return { ...counted, executionArn };
}

/** Counts what matches, and unless it is a dry run starts the replay. */
export async function replay(
  { database, stepFunctions, target }: Connection,
  order: unknown,
): Promise<ReplayAnswer> {
  const { given, dryRun } = readOrder(order);
  const { limit = MATCHES_LIMIT, ...conditions } = refusing(() => readReplayRequest(given));
  const matching = await countReplayable(database, conditions, limit);
  const counted = { matching, oldestProcessedAt: (await oldestReplayable(database)) ?? null };
  if (dryRun || matching === 0) return counted;
  const replayArn = target.need('replayArn');
  return { ...counted, executionArn: await startExecution(stepFunctions, 'replay', replayArn, given) };
}

/** The filter with what else the order says, as the input of a state machine. */
function readOrder(order: unknown): { readonly given: object; readonly dryRun: boolean } {
  const { filter, dryRun, ...others } = (order ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof dryRun !== 'boolean')
    throw badRequest(`dryRun is ${JSON.stringify(dryRun)}: expected true or false`);
  return { given: { ...(filter as object | undefined), ...others }, dryRun };
}

function refusing<Request>(read: () => Request): Request {
  try {
    return read();
  } catch (error) {
    const isInvalid = error instanceof InvalidRedriveRequest || error instanceof InvalidReplayRequest;
    throw isInvalid ? badRequest(error.message) : error;
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
