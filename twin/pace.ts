/**
 * Limits how many Tasks run at a time. On AWS every invocation has a processor of its own; here they share a few, and
 * a Task that begins too early only times out.
 */
export interface Pace {
  /**
   * Resolves with a function that gives the place back, as soon as one is free; a lower `order` goes first.
   * Rejects with the signal's reason when it is aborted before.
   */
  enter(order: number, signal: AbortSignal): Promise<() => void>;
  /** Lends a place while its holder waits for an injected latency. Returns a function that takes it back. */
  lend(): () => void;
}

interface Waiting {
  readonly order: number;
  readonly begin: () => void;
}

export function createPace(places: number): Pace {
  let free = places;
  const waiting: Waiting[] = []; // in the order in which they begin

  function give(): void {
    free += 1;
    if (free > 0) waiting.shift()?.begin();
  }

  function take(): () => void {
    free -= 1;
    return once(give);
  }

  return {
    enter(order, signal) {
      if (signal.aborted) return Promise.reject(signal.reason);
      if (free > 0) return Promise.resolve(take());
      return new Promise((resolve, reject) => {
        const leave = () => {
          waiting.splice(waiting.indexOf(entry), 1);
          reject(signal.reason);
        };
        const entry: Waiting = {
          order,
          begin() {
            signal.removeEventListener('abort', leave);
            resolve(take());
          },
        };
        waiting.splice(waiting.findLastIndex((other) => other.order <= order) + 1, 0, entry);
        signal.addEventListener('abort', leave, { once: true });
      });
    },
    lend() {
      give();
      return once(() => {
        free -= 1;
      });
    },
  };
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
