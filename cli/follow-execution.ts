import { setTimeout as pause } from 'node:timers/promises';
import { DescribeExecutionCommand, type DescribeExecutionOutput } from '@aws-sdk/client-sfn';
import { readFailure } from '../outbox/classify-failure.ts';
import type { Context } from './action.ts';
import { Failed } from './exit-codes.ts';
import { outageTeller } from './tell-outage.ts';

const LOCAL_POLL_MS = 200;
const AWS_POLL_MS = 2_000;

/** Follows a Standard execution to its end with a bar that shows how many events are done. */
export async function followExecution(
  { stepFunctions, database, target, output }: Context,
  executionArn: string,
  { of, unit, done }: { readonly of: number; readonly unit: string; readonly done: () => Promise<number> },
): Promise<DescribeExecutionOutput> {
  const bar = output.progress(of, unit);
  const tellOutage = outageTeller(database, bar.note);
  try {
    for (;;) {
      const execution = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
      bar.update(await done());
      await tellOutage();
      if (execution.status !== 'RUNNING') return execution;
      await pause(target.localUrl === undefined ? AWS_POLL_MS : LOCAL_POLL_MS);
    }
  } finally {
    bar.stop();
  }
}

/** @throws Failed with the reason unless the execution succeeded */
export function expectSuccess(
  operation: 'redrive' | 'replay',
  { status, error = '', cause = '' }: DescribeExecutionOutput,
): void {
  if (status === 'SUCCEEDED') return;
  const { errorType, message } = readFailure(error, cause);
  throw new Failed(`the ${operation} ended ${status} with ${errorType}: ${message}`);
}
