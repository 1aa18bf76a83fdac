import { AwsError } from '../http/aws-error.ts';
import type { Caller } from '../http/request.ts';
import type { Pace } from '../pace.ts';

/** Calls that an injected latency delays: there may be many, also long after their callers have left. */
export interface HeldCalls {
  /** Resolves when the call may go on. Rejects when the twin stops. */
  hold(ms: number, caller: Caller): Promise<void>;
  stop(): void;
}

interface Held {
  readonly bytes: number;
  readonly timer: NodeJS.Timeout;
  readonly goOn: () => void;
  readonly fail: (reason: Error) => void;
}

/** Holds `maxBytes` of calls; beyond that, the oldest one goes on early. */
export function createHeldCalls(maxBytes: number, pace: Pace): HeldCalls {
  const held = new Set<Held>(); // oldest first
  let heldBytes = 0;

  function release(call: Held): void {
    clearTimeout(call.timer);
    held.delete(call);
    heldBytes -= call.bytes;
  }

  return {
    hold(ms, { bytes, onLeave }) {
      const takeBack = pace.lend();
      onLeave(takeBack);
      return new Promise((resolve, reject) => {
        const goOn = () => {
          takeBack();
          release(call);
          resolve();
        };
        const call: Held = { bytes, timer: setTimeout(goOn, ms), goOn, fail: reject };
        held.add(call);
        heldBytes += bytes;
        for (const oldest of held) {
          if (heldBytes <= maxBytes) break;
          oldest.goOn();
        }
      });
    },
    stop() {
      for (const call of [...held]) {
        release(call);
        call.fail(new AwsError('ServiceUnavailable', 'the twin is stopping', 503));
      }
    },
  };
}
