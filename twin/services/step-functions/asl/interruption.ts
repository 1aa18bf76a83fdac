import { setMaxListeners } from 'node:events';

export interface Clock {
  now(): number;
  /** Resolves after `ms`; rejects as soon as the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Interruptible {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** Detaches it from its parent and stops the timer. The signal is not aborted: others may still listen to it. */
  release(): void;
}

/** A signal that is aborted with its parent, and can be aborted without it. */
export function interruptible(parent: AbortSignal): Interruptible {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal); // forty iterations listening to one Map are no leak
  const follow = (): void => controller.abort(parent.reason);
  if (parent.aborted) follow();
  else parent.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => parent.removeEventListener('abort', follow),
  };
}

/** Created once, because an abort without a reason creates an exception with a stack every time. */
const notNeeded = new Error('the timer is not needed any more');

/** The same, and also aborted with `late()` when `ms` pass before its release. */
export function interruptibleAfter(
  ms: number,
  parent: AbortSignal,
  clock: Clock,
  late: () => unknown,
): Interruptible {
  const inner = interruptible(parent);
  const timer = new AbortController();
  clock.sleep(ms, timer.signal).then(
    () => timer.signal.aborted || inner.abort(late()),
    () => undefined,
  );
  return {
    ...inner,
    release: () => {
      inner.release();
      timer.abort(notNeeded);
    },
  };
}

/** The work's result, or the signal's reason as soon as it is aborted, even when the work does not listen to it. */
export function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    work
      .then(resolve, (failure) => reject(signal.aborted ? signal.reason : failure))
      .finally(() => signal.removeEventListener('abort', stop));
  });
}
