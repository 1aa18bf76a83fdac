import type { HistoryEventType } from '@aws-sdk/client-sfn';
import type { Clock } from './interruption.ts';
import type { Json } from './json.ts';

export type EventDetails = { readonly [details in `${string}EventDetails`]?: Json };

/** As the service shows it, except that inputs and outputs are JSON values, because most are never read. */
export type HistoryEvent = EventDetails & {
  readonly id: number;
  readonly previousEventId: number;
  readonly timestamp: Date;
  readonly type: HistoryEventType;
};

/** A chain of events, each with the previous one as its cause. Every Map iteration has its own. */
export interface Trail {
  /** The previous event of the next one, 0 at the beginning. */
  readonly latest: number;
  /** Returns the event's id. */
  record(type: HistoryEventType, details?: EventDetails): number;
  /** Records an event that is never a previous event: the chain continues after the one before it. */
  note(type: HistoryEventType, details?: EventDetails): number;
  /** Continues after this event, which may belong to another chain. */
  continueAfter(eventId: number): void;
  /** A new chain that begins after the latest event of this one. */
  branch(): Trail;
}

export function openHistory(record: (event: HistoryEvent) => void, clock: Clock, lastEventId = 0): Trail {
  let lastId = lastEventId;
  const trailAfter = (start: number): Trail => {
    let latest = start;
    const note: Trail['note'] = (type, details) => {
      const id = ++lastId;
      record({ id, previousEventId: latest, timestamp: new Date(clock.now()), type, ...details });
      return id;
    };
    return {
      get latest() {
        return latest;
      },
      record(type, details) {
        latest = note(type, details);
        return latest;
      },
      note,
      continueAfter(eventId) {
        latest = eventId;
      },
      branch: () => trailAfter(latest),
    };
  };
  return trailAfter(lastEventId);
}
