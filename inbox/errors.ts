/** The message is no event of an outbox: it has no `eventId`, or its fields are malformed. Coming back does not help. */
export class NotAnOutboxEvent extends Error {
  override readonly name = 'NotAnOutboxEvent';
}

/** The database handle runs every statement by itself, so the effect and the record of the event could part. */
export class NotInTransaction extends Error {
  override readonly name = 'NotInTransaction';
}

/** The predecessor of the event has not been processed yet: the message has to come back later. */
export class OutOfOrder extends Error {
  override readonly name = 'OutOfOrder';
  readonly consumer: string;
  readonly source: string;
  readonly orderingKey: string;
  /** The last sequence of the key that this consumer processed, or its `startAfter`. */
  readonly position: number;
  readonly sequence: number;
  readonly previousSequence: number;

  constructor(missed: Omit<OutOfOrder, keyof Error>) {
    const { consumer, source, orderingKey, position, sequence, previousSequence } = missed;
    super(
      `event ${sequence} of ordering key "${orderingKey}" from ${source} follows ${previousSequence}, but consumer "${consumer}" is at ${position}: ` +
        'deliver it again later. If its predecessor never comes, or the consumer is newer than the key, see "Gaps" and "A new consumer" in docs/consumers.md',
    );
    this.consumer = consumer;
    this.source = source;
    this.orderingKey = orderingKey;
    this.position = position;
    this.sequence = sequence;
    this.previousSequence = previousSequence;
  }
}
