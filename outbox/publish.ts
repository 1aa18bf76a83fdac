import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { publishError } from './classify-failure.ts';
import type { DataApi } from './data-api.ts';
import { EventRejected, NotSent, PublishFailed } from './errors.ts';
import type { ClaimedEvent } from './event.ts';
import type { EntryResult, Publisher } from './put-events.ts';
import { type Envelope, toEntry, whyUnpublishable } from './put-events-entry.ts';
import { readDetail } from './read-detail.ts';

/** EventBridge accepted the event. */
export interface Published {
  readonly eventId: string;
  readonly eventBridgeId: string;
}

/** An event that was not published: the name and message of the error, as the state machine records them. */
export interface NotPublished {
  readonly eventId: string;
  readonly error: string;
  readonly cause: string;
}

export interface PublishResult {
  readonly published: readonly Published[];
  readonly failed: readonly NotPublished[];
}

// 200 failures and their ids must fit the 256 KiB of the state.
const MAX_MESSAGE_BYTES = 200;

export interface PublishServices {
  readonly database: DataApi;
  readonly publisher: Publisher;
  readonly envelope: Envelope;
}

/**
 * Publishes a list of events and returns one outcome per event, so that accepted events are never sent again: those of
 * one key one after the other, others in one request if possible. The state machine passes lists that fit a request: a
 * batch has less than 256 KiB, and a larger event is in a list of its own.
 * @param whyNotAwaited called before every request: nothing is sent when the caller would no longer wait for the outcome,
 *   because another call may already be sending the same events
 * @throws the error of all events when none of the list was published, so that the state machine retries it
 */
export async function publishEvents(
  events: readonly ClaimedEvent[],
  services: PublishServices,
  whyNotAwaited: () => Error | undefined = () => undefined,
): Promise<PublishResult> {
  // This says nothing about the events: only answers of the bus consume their attempts.
  const whyNotSent = () => {
    const reason = whyNotAwaited();
    return reason && publishError('outage', `${reason.name}: ${reason.message}`, reason);
  };
  const publish = events[0]?.sequence === undefined ? publishTogether : publishInOrder;
  return publish(events, services, whyNotSent);
}

async function publishTogether(
  events: readonly ClaimedEvent[],
  services: PublishServices,
  whyNotSent: () => Error | undefined,
): Promise<PublishResult> {
  const outcomes = new Map<string, EntryResult>();
  const sendable: { eventId: string; entry: PutEventsRequestEntry }[] = [];
  for (const event of events) {
    const entry = await entryOf(event, services);
    const refusal = whyUnpublishable(entry);
    if (refusal === undefined) sendable.push({ eventId: event.eventId, entry });
    else outcomes.set(event.eventId, { error: new EventRejected(refusal) });
  }
  const notSent = whyNotSent();
  if (notSent !== undefined) throw shortened(notSent);
  const results = await send(
    services.publisher,
    sendable.map(({ entry }) => entry),
    whyNotSent,
  );
  for (const [index, { eventId }] of sendable.entries()) {
    outcomes.set(
      eventId,
      results[index] ?? { error: new PublishFailed('NoAnswer: no result for the entry') },
    );
  }
  return settle(outcomes);
}

/**
 * Sends events of one key in their order, each in a request of its own, because a request that fails in part has no
 * order. The first failure ends the list: the events behind it are not sent.
 * @throws the error of the first event, so that the state machine retries the whole list
 */
async function publishInOrder(
  events: readonly ClaimedEvent[],
  services: PublishServices,
  whyNotSent: () => Error | undefined,
): Promise<PublishResult> {
  const published: Published[] = [];
  for (const [index, event] of events.entries()) {
    const isLate = () =>
      whyNotSent() === undefined ? undefined : new NotSent('the time of its publisher was up');
    const result = await sendNext(event, services, index === 0 ? whyNotSent : isLate);
    if ('eventBridgeId' in result) {
      published.push({ eventId: event.eventId, eventBridgeId: result.eventBridgeId });
      continue;
    }
    const error = shortened(result.error);
    if (index === 0) throw error;
    const failed = { eventId: event.eventId, error: error.name, cause: error.message };
    return { published, failed: [failed, ...events.slice(index + 1).map(notSent)] };
  }
  return { published, failed: [] };
}

/** The definition writes the same for the events behind one whose publisher threw. */
function notSent({ eventId }: ClaimedEvent): NotPublished {
  return { eventId, error: 'NotSent', cause: 'the event before it in its key was not published' };
}

async function sendNext(
  event: ClaimedEvent,
  services: PublishServices,
  whyNotSent: () => Error | undefined,
): Promise<EntryResult> {
  const entry = await entryOf(event, services);
  const refusal = whyUnpublishable(entry);
  if (refusal !== undefined) return { error: new EventRejected(refusal) };
  const error = whyNotSent();
  if (error !== undefined) return { error };
  const [result] = await send(services.publisher, [entry], whyNotSent);
  return result ?? { error: new PublishFailed('NoAnswer: no result for the entry') };
}

/** The entry of an event, whose detail may have to be read. */
async function entryOf(
  event: ClaimedEvent,
  { database, envelope }: PublishServices,
): Promise<PutEventsRequestEntry> {
  return toEntry({ ...event, detail: event.detail ?? (await readDetail(database, event.eventId)) }, envelope);
}

/** One result per entry, even when the whole request failed. */
async function send(
  publisher: Publisher,
  entries: readonly PutEventsRequestEntry[],
  whyNotSent: () => Error | undefined,
): Promise<readonly EntryResult[]> {
  if (entries.length === 0) return [];
  return publisher.publish(entries).catch(async (error: Error) => {
    // One entry may make the whole request fail: sent separately, each entry gets its own result.
    if (error instanceof EventRejected && entries.length > 1) {
      const notSent = whyNotSent();
      if (notSent !== undefined) return entries.map(() => ({ error: notSent }));
      return (await Promise.all(entries.map((entry) => send(publisher, [entry], whyNotSent)))).flat();
    }
    return entries.map(() => ({ error }));
  });
}

function settle(outcomes: ReadonlyMap<string, EntryResult>): PublishResult {
  const published: Published[] = [];
  const failed: NotPublished[] = [];
  let shared: Error | undefined;
  for (const [eventId, outcome] of outcomes) {
    if ('error' in outcome) {
      const error = shortened(outcome.error);
      shared ??= error;
      failed.push({ eventId, error: error.name, cause: error.message });
    } else published.push({ eventId, eventBridgeId: outcome.eventBridgeId });
  }
  const sameForAll = failed.every(({ error, cause }) => error === shared?.name && cause === shared.message);
  if (published.length === 0 && shared !== undefined && sameForAll) throw shared;
  return { published, failed };
}

/** The same error with a short message and no stack, because both travel through the state. */
function shortened(error: Error): Error {
  error.message = truncateUtf8(error.message, MAX_MESSAGE_BYTES);
  error.stack = '';
  return error;
}

/** The longest beginning of a text that fits the bytes and ends with a whole character. */
export function truncateUtf8(value: string, maxBytes: number): string {
  const bytes = Buffer.from(value, 'utf8');
  if (bytes.length <= maxBytes) return value;
  let end = maxBytes;
  // A byte that starts with the bits 10 continues a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0b1100_0000) === 0b1000_0000) end -= 1;
  return bytes.subarray(0, end).toString('utf8');
}
