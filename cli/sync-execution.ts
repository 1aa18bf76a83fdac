import { type SFNClient, StartSyncExecutionCommand } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import type { Context } from './action.ts';
import { Failed } from './exit-codes.ts';

const counts = z.record(z.string(), z.unknown());

/**
 * Runs an Express state machine to its end, and prints and answers with its summary.
 * @throws Failed when it failed, or when the outbox is paused
 */
export async function runToEnd(
  { stepFunctions, output }: { readonly stepFunctions: SFNClient } & Pick<Context, 'output'>,
  stateMachineArn: string,
  input: object = {},
): Promise<{ readonly executionArn: string; readonly result: Readonly<Record<string, unknown>> }> {
  const execution = await stepFunctions.send(
    new StartSyncExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }),
  );
  const { executionArn = '', status, error, cause } = execution;
  const result = counts.safeParse(JSON.parse(execution.output ?? '{}')).data ?? {};
  const summary = Object.entries(result).map(([name, value]) => `${name} ${String(value)}`);
  output.answer({ executionArn, status, output: result, error, cause }, () => summary.join(', '));
  if (status !== 'SUCCEEDED')
    throw new Failed(`${executionArn} ended ${status}: ${[error, cause].filter(Boolean).join(': ')}`);
  // The execution succeeded but did not do what was requested.
  if (result['paused'] === true) {
    throw new Failed(
      'the outbox is paused: nothing more is done until somebody resumes it (status says who paused it, and why)',
    );
  }
  return { executionArn, result };
}
