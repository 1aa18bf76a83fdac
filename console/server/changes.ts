import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { MATCHES_LIMIT, startRedrive } from '../../cli/start-redrive.ts';
import { InvalidRedriveRequest, readRedriveRequest } from '../../outbox/redrive-request.ts';
import { countMatches } from '../../outbox/requeue.ts';
import type { RedriveAnswer, StartedRun } from '../api.ts';
import type { Connection } from './connection.ts';
import { badRequest } from './problem.ts';

/** Counts what matches, and unless it is a dry run starts the redrive. */
export async function redrive(connection: Connection, order: unknown): Promise<RedriveAnswer> {
  const { filter, limit, dryRun } = (order ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof dryRun !== 'boolean')
    throw badRequest(`dryRun is ${JSON.stringify(dryRun)}: expected true or false`);
  const request = readRequest({ ...(filter as object | undefined), ...(limit !== undefined && { limit }) });
  const { limit: most = MATCHES_LIMIT, dryRun: _, ...conditions } = request;
  const matches = await countMatches(connection.database, conditions, Math.min(most, MATCHES_LIMIT));
  if (dryRun || matches.matching === 0) return matches;
  const { stepFunctions, target } = connection;
  return { ...matches, executionArn: await startRedrive(stepFunctions, target.need('redriveArn'), request) };
}

function readRequest(request: object) {
  try {
    return readRedriveRequest(request);
  } catch (error) {
    throw error instanceof InvalidRedriveRequest ? badRequest(error.message) : error;
  }
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
