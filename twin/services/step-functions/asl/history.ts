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

/** One causal line of events: a Map iteration follows its own. */
export interface Trail {
  /** The event that the next one follows from, 0 at the beginning. */
  readonly latest: number;
  /** Answers with the event's id. */
  record(type: HistoryEventType, details?: EventDetails): number;
  /** Records an event from which nothing follows: the line goes on after the one before it. */
  note(type: HistoryEventType, details?: EventDetails): number;
  /** Continues after this event, which may belong to another line. */
  continueAfter(eventId: number): void;
  /** A new line that begins after this one's latest event. */
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
