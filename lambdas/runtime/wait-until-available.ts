import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseUnavailable } from '../../outbox/errors.ts';

// A new cluster's writer comes minutes after the cluster, and a paused one resumes within half a minute. All calls of
// one migration together: less than its function has, which is less than the trigger waits for it.
export const WAIT_MS = 7 * 60_000;
// A role that CloudFormation has just made may be refused until IAM has told all its servers.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
export const IAM_WAIT_MS = 90_000;
const PAUSE_MS = 5_000;

export interface Waiting {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<unknown>;
  /** Hears what is waited for, and how many seconds are left. */
  readonly onWait: (error: unknown, secondsLeft: number) => void;
}

/** Repeats a call while the database is not there yet or IAM does not know the role yet. */
export type UntilAvailable = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * The one retry outside the state machines: a deployment has nobody else to try again. All calls share one deadline,
 * which begins now. A wrong password cannot be told from one that is being rotated, so `onWait` hears each answer.
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
  if (error instanceof DatabaseUnavailable) return WAIT_MS;
  return isAccessDenied(error) ? IAM_WAIT_MS : 0;
}

function isAccessDenied(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'AccessDeniedException' || isAccessDenied(error.cause);
}

export const wallClock = { now: Date.now, pause: (ms: number) => sleep(ms) };
