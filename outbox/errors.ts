/*
 * What the core throws. The state machine tells errors apart by name, so each name is a literal: it survives
 * minification and is what `ErrorEquals` matches.
 */

/** The event can never be published as it is. It fails for good at once. */
export class EventRejected extends Error {
  override readonly name = 'EventRejected';
}

/** Temporary and not the event's fault: retried, then backed off, failed for good when its attempts are exhausted. */
export class PublishFailed extends Error {
  override readonly name = 'PublishFailed';
}

/**
 * The bus did not answer, or refused the request without reading the event. The other events of the batch decide
 * whether this is an outage or a failure of this event: see `withinBatch`.
 */
export class BusUnavailable extends Error {
  override readonly name = 'BusUnavailable';
}

/** The bus received too many requests: the event is given back, no attempt is consumed, and the run slows down. */
export class PublishThrottled extends Error {
  override readonly name = 'PublishThrottled';
}

/** Waits behind another event of its ordering key: the event is given back, and no attempt is consumed. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
}

/** The bus does not exist: PutEvents would accept the events and drop them. The run fails before it claims anything. */
export class BusMissing extends Error {
  override readonly name = 'BusMissing';
}

/** The database may accept the same call later. The state machine retries. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
}

/** The database will never accept this call (permission, SQL, values). A retry would only cost time. */
export class DatabaseRefused extends Error {
  override readonly name = 'DatabaseRefused';
}

/** Another session has locked some rows; the others are recorded. The state machine repeats the call for the rest. */
export class RowsLocked extends Error {
  override readonly name = 'RowsLocked';

  constructor(ids: readonly string[], rows: number) {
    const examples = `${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ', ...' : ''}`;
    super(
      `another session has locked ${ids.length} of ${rows} rows (${examples}): "Runs failed" in docs/operations.md tells how to find it`,
    );
  }
}

/** Two clocks differ by more than the tolerance, so that neither side can decide whether a call is in time. */
export class ClocksDiffer extends Error {
  override readonly name = 'ClocksDiffer';
}

/** The caller no longer waits for this call; or the clocks of the caller and the receiver differ. */
export class CallExpired extends Error {
  override readonly name = 'CallExpired';
}

/** A person has paused the outbox, so a replay publishes nothing until somebody resumes it. */
export class OutboxPaused extends Error {
  override readonly name = 'OutboxPaused';
}

/** Live events go before those of a replay, and the processor does not take them. */
export class LiveEventsWaiting extends Error {
  override readonly name = 'LiveEventsWaiting';
}

/** What happened, in one line, of whatever an AWS client threw. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // The network stack of Node.js reports the reason in `code`; the name is Error, or AggregateError with an empty
  // message after several addresses were tried.
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const [first] = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [];
  // A timeout begins with the name of the package that noticed it.
  const message =
    error.message.replace(/^@smithy\/\S+ - \[\w+\] /, '') ||
    (first instanceof Error ? first.message : 'no reason was given');
  return `${/^(Aggregate)?Error$/.test(error.name) ? (code ?? error.name) : error.name}: ${message}`;
}
