/** An event as the twin's bus keeps it. */
export interface BusEvent {
  readonly EventId: string;
  readonly Time: string;
  readonly DetailType: string;
  readonly Detail: string;
}

export interface BusPage {
  /** The number of events before the first one here: the log is bounded, so it may be more than was asked for. */
  readonly before: number;
  readonly events: readonly BusEvent[];
}

export interface NewEvents {
  readonly events: readonly BusEvent[];
  /** The number of events that left the log before they were read. */
  readonly missed: number;
  /** Whether this is another log than before, because the twin was started with another data folder. */
  readonly isNewLog: boolean;
}

/**
 * Returns what the bus has accepted since the last call. `readAfter` returns the events after the first N, or undefined
 * when there are not that many.
 */
export function createBusReader(
  readAfter: (after: number) => Promise<BusPage | undefined>,
): () => Promise<NewEvents> {
  let seen = 0;
  let last: BusEvent | undefined;

  return async () => {
    // The last event is read again: a position alone could also be one in another log.
    const after = last === undefined ? seen : seen - 1;
    const page = await readAfter(after);
    const isSameLog =
      page !== undefined &&
      (last === undefined || page.before > after || page.events[0]?.EventId === last.EventId);
    const { before, events } = isSameLog ? page : ((await readAfter(0)) ?? { before: 0, events: [] });
    const isAgain = isSameLog && last !== undefined && before === after;
    const fresh = isAgain ? events.slice(1) : events;
    const missed = Math.max(0, before - (isSameLog ? seen : 0));
    seen = before + events.length;
    last = events.at(-1) ?? (isSameLog ? last : undefined);
    return { events: fresh, missed, isNewLog: !isSameLog };
  };
}
