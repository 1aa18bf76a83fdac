import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseUnavailable } from '../../outbox/errors.ts';

// The writer of a new cluster starts minutes after the cluster, and a paused one resumes within half a minute. The time
// is for all calls of one migration. It is shorter than the timeout of its function, and that is shorter than the trigger's.
export const WAIT_MS = 7 * 60_000;
// IAM may refuse a role that CloudFormation has just created, until all its servers have it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
export const IAM_WAIT_MS = 90_000;
const PAUSE_MS = 5_000;

export interface Waiting {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<unknown>;
  /** Receives the error that is waited for, and how many seconds are left. */
  readonly onWait: (error: unknown, secondsLeft: number) => void;
}

/** Repeats a call while the database is not available or IAM does not accept the role yet. */
export type UntilAvailable = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * The only retry outside the state machines, because nothing else retries during a deployment. All calls share one
 * deadline, which begins now. A wrong password cannot be distinguished from one that is being rotated, so `onWait`
 * receives every error.
 */
export function createUntilAvailable({ now, pause, onWait }: Waiting): UntilAvailable {
  const begun = now();
  return async (work) => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const leftMs = begun + waitFor(error) - now();
        if (leftMs <= 0) throw error;
        onWait(error, Math.ceil(leftMs / 1_000));
        await pause(PAUSE_MS);
      }
    }
  };
}

function waitFor(error: unknown): number {
  // The error of a migration contains that of its statement, for example of one that could not get its lock.
  if (isOrContains(error, (cause) => cause instanceof DatabaseUnavailable)) return WAIT_MS;
  return isOrContains(error, ({ name }) => name === 'AccessDeniedException') ? IAM_WAIT_MS : 0;
}

function isOrContains(error: unknown, matches: (error: Error) => boolean): boolean {
  return error instanceof Error && (matches(error) || isOrContains(error.cause, matches));
}

export const wallClock = { now: Date.now, pause: (ms: number) => sleep(ms) };
