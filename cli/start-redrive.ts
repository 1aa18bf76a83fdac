import { randomUUID } from 'node:crypto';
import { type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { RedriveRequest } from '../outbox/redrive-request.ts';
import { Failed } from './exit-codes.ts';

/** A dry run stops counting here: this is enough to show that there are many. */
export const MATCHES_LIMIT = 100_000;

/** Starts a redrive and returns the ARN of its execution. */
export async function startRedrive(
  stepFunctions: SFNClient,
  stateMachineArn: string,
  request: RedriveRequest,
): Promise<string> {
  const command = new StartExecutionCommand({
    stateMachineArn,
    // With a name, so that a call repeated by the SDK cannot start a second execution.
    name: `redrive-${randomUUID()}`,
    input: JSON.stringify(request),
  });
  const { executionArn } = await stepFunctions.send(command);
  if (executionArn === undefined)
    throw new Failed('step functions started the redrive without telling its arn');
  return executionArn;
}
