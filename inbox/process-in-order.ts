import { attempt, type InboxOptions, type Processed } from './attempt.ts';
import type { InboxDatabase } from './database.ts';
import { OutOfOrder } from './errors.ts';
import { type InboxEvent, type Place, readEvent } from './event.ts';
import { checkSequence, raisePosition } from './position.ts';
import { isRecorded, processOnce, record } from './process-once.ts';

export interface InOrderOptions extends InboxOptions {
  /**
   * For a consumer that starts later than its outbox: events up to this sequence are before its start. The sequences
   * of an outbox rise over all keys, so one number serves them all; docs/consumers.md shows how to get it.
   * @default 0: from the first event of every key
   */
  readonly startAfter?: number;
}

/**
 * Like `processOnce`, and runs the work of one ordering key's events in their order, one after the other. Events without
 * a place are processed once.
 * @throws OutOfOrder when a predecessor has not been processed: the message has to come back later
 */
export async function processInOrder<T>(
  transaction: InboxDatabase,
  event: unknown,
  work: (event: InboxEvent) => Promise<T>,
  { startAfter = 0, ...options }: InOrderOptions = {},
): Promise<Processed<T>> {
  checkSequence('startAfter', startAfter);
  const read = readEvent(event);
  const { place } = read;
  if (place === undefined) return processOnce(transaction, event, work, options);
  const { consumer = 'default' } = options;
  return attempt(transaction, () => processPlaced(transaction, read, place, work, consumer, startAfter));
}

async function processPlaced<T>(
  transaction: InboxDatabase,
  event: InboxEvent,
  place: Place,
  work: (event: InboxEvent) => Promise<T>,
  consumer: string,
  startAfter: number,
): Promise<Processed<T>> {
  const key = { consumer, source: event.source, orderingKey: place.orderingKey };
  const position = await raisePosition(transaction, key, startAfter);
  const isStale = place.sequence <= position;
  // Beyond the predecessor but before this event is no gap: the publisher may not know that the bus accepted more.
  if (!isStale && place.previousSequence > position) throw new OutOfOrder({ ...key, ...place, position });
  // A stale event is not recorded: it may have been passed unprocessed, and come again without a place.
  if (isStale) return { outcome: (await isRecorded(transaction, consumer, event)) ? 'duplicate' : 'stale' };
  const isNew = await record(transaction, consumer, event);
  // Also for a duplicate, or its successor would wait for ever.
  await raisePosition(transaction, key, place.sequence);
  return isNew ? { outcome: 'processed', result: await work(event) } : { outcome: 'duplicate' };
}
