import { setTimeout as pause } from 'node:timers/promises';

export interface NudgeOptions {
  /**
   * Minimum milliseconds between two starts. Calls in between share the next start.
   * @default 100
   */
  readonly intervalMs?: number;
  /** Receives the reason why a start failed. No event is lost: the next tick finds the events. */
  readonly onError: (error: unknown) => unknown;
}

/**
 * Requests a run; call it after a commit. The run for a call begins after the call, so it finds what was committed
 * before. Resolves when that run has been started, and never rejects.
 */
export type Nudge = () => Promise<void>;

// A start that never answers must not prevent all later ones.
const START_TIMEOUT_MS = 5_000;
const nothing = () => undefined;

/**
 * `startRun` starts the processor, e.g. with `StartExecution` and the input `{"loopSeconds": 0}`: only one
 * batch, because the ticks drain a backlog, and nudged runs of half a minute each would use all concurrent executions
 * of the account.
 */
export function createNudge(
  startRun: () => Promise<unknown>,
  { intervalMs = 100, onError }: NudgeOptions,
): Nudge {
  let free: Promise<unknown> = Promise.resolve();
  let next: Promise<void> | undefined;

  async function start(): Promise<void> {
    next = undefined;
    const started = Promise.resolve()
      .then(startRun)
      .catch(onError)
      // An error in onError must not stop the nudges.
      .then(nothing, nothing);
    const answered = Promise.race([started, pause(START_TIMEOUT_MS, undefined, { ref: false })]);
    free = Promise.all([answered, pause(intervalMs)]);
    return answered;
  }

  return () => {
    next ??= free.then(start);
    return next;
  };
}
