import { randomUUID } from 'node:crypto';
import { type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { Failed } from './exit-codes.ts';

/** A dry run stops counting here: this is enough to show that there are many. */
export const MATCHES_LIMIT = 100_000;

/** Starts a redrive or a replay and returns the ARN of its execution. */
export async function startExecution(
  stepFunctions: SFNClient,
  operation: 'redrive' | 'replay',
  stateMachineArn: string,
  request: object,
): Promise<string> {
  const command = new StartExecutionCommand({
    stateMachineArn,
    // With a name, so that a call repeated by the SDK cannot start a second execution.
    name: `${operation}-${randomUUID()}`,
    input: JSON.stringify(request),
  });
  const { executionArn } = await stepFunctions.send(command);
  if (executionArn === undefined)
    throw new Failed(`step functions started the ${operation} without telling its arn`);
  return executionArn;
}
