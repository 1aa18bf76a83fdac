import { setTimeout as pause } from 'node:timers/promises';

export interface NudgeOptions {
  /**
   * Milliseconds from one start to the next at the earliest. Calls in between share the next one.
   * @default 100
   */
  readonly intervalMs?: number;
  /** Hears why a start failed. Nothing is lost then: the next tick finds the events. */
  readonly onError: (error: unknown) => void;
}

/**
 * Asks for a run soon, to be called after a commit. The run that covers a call begins after the call, so it finds
 * what was committed before. Resolves when that run has been started, and never rejects.
 */
export type Nudge = () => Promise<void>;

/** `startRun` starts the processor, e.g. with `StartExecution` and the input `{"pollSeconds": 0}`. */
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
      .then(() => undefined, onError);
    free = Promise.all([started, pause(intervalMs, undefined, { ref: false })]);
    return started;
  }

  return () => {
    next ??= free.then(start);
    return next;
  };
}
