import { setTimeout as pause } from 'node:timers/promises';
import { type Child, startChild } from './child.ts';
import type { ContenderCalls } from './contender-process.ts';

const STOP_TIMEOUT_MS = 5_000;

export type ContenderProcess = Child<ContenderCalls>;

export function startContenderProcess(): ContenderProcess {
  return startChild<ContenderCalls>('contender-process.ts');
}

/** Gives a worker some time to finish its events, and then ends its process. */
export async function finish(worker: ContenderProcess): Promise<void> {
  await Promise.race([
    worker.call('stop').catch(() => undefined),
    pause(STOP_TIMEOUT_MS, undefined, { ref: false }),
  ]);
  await worker.stop();
}
