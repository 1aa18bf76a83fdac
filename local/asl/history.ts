import type { HistoryEventType } from '@aws-sdk/client-sfn';
import type { Clock } from './interruption.ts';
import type { Json } from './json.ts';

export type EventDetails = { readonly [details in `${string}EventDetails`]?: Json };

/** As the service shows it, but for inputs and outputs: JSON values here, since most are never looked at. */
export type HistoryEvent = EventDetails & {
  readonly id: number;
  readonly previousEventId: number;
  readonly timestamp: Date;
  readonly type: HistoryEventType;
};

/** One causal line of events: a Map iteration follows its own. */
export interface Trail {
  /** Answers with the event's id. */
  record(type: HistoryEventType, details?: EventDetails): number;
  /** A new line that begins after this one's latest event. */
  branch(): Trail;
}

export function openHistory(record: (event: HistoryEvent) => void, clock: Clock, lastEventId = 0): Trail {
  let lastId = lastEventId;
  const trailAfter = (start: number): Trail => {
    let previousEventId = start;
    return {
      record(type, details) {
        const id = ++lastId;
        record({ id, previousEventId, timestamp: new Date(clock.now()), type, ...details });
        previousEventId = id;
        return id;
      },
      branch: () => trailAfter(previousEventId),
    };
  };
  return trailAfter(lastEventId);
}
