import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { publishError } from './classify-failure.ts';
import type { DataApi } from './data-api.ts';
import { EventRejected, NotSent, PublishFailed } from './errors.ts';
import type { ClaimedEvent } from './event.ts';
import { patientPublisher } from './patient-publisher.ts';
import type { EntryResult, Publisher } from './put-events.ts';
import {
  type Envelope,
  entryBytes,
  MAX_REQUEST_BYTES,
  toEntry,
  whyUnpublishable,
} from './put-events-entry.ts';
import { readDetails } from './read-detail.ts';

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
  /** How often the bus refused an event of the list because of throttling, also when it accepted it later, if ever. */
  readonly throttled?: number;
}

// 200 failures and their ids must fit the 256 KiB of the state.
const MAX_MESSAGE_BYTES = 200;

export interface PublishServices {
  readonly database: DataApi;
  readonly publisher: Publisher;
  readonly envelope: Envelope;
  /** Waits for these milliseconds before what was throttled is sent again; by default, for as long. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/**
 * Publishes a list of events and returns one outcome per event, so that accepted events are never sent again: those of
 * one key one after the other, others in as few requests as their sizes allow. What travels by reference is read before
 * anything is sent, so that a read that fails says nothing about what was sent.
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
  const prepared = await prepare(events, services);
  const publish = events[0]?.sequence === undefined ? publishTogether : publishInOrder;
  const { publisher, throttled } = patientPublisher(services, whyNotSent);
  const result = await publish(prepared, publisher, whyNotSent);
  return throttled() > 0 ? { ...result, throttled: throttled() } : result;
}

/** An event with its entry, or why it has none. */
type Prepared = { readonly eventId: string } & (Sendable | { readonly error: Error });

interface Sendable {
  readonly eventId: string;
  readonly entry: PutEventsRequestEntry;
}

async function prepare(
  events: readonly ClaimedEvent[],
  { database, envelope }: PublishServices,
): Promise<readonly Prepared[]> {
  const detailOf = await readDetails(
    database,
    events.filter(({ detail }) => detail === undefined),
  );
  return events.map((event) => {
    const { eventId, detail = detailOf(event) } = event;
    if (detail instanceof Error) return { eventId, error: detail };
    const entry = toEntry({ ...event, detail }, envelope);
    const refusal = whyUnpublishable(entry);
    return refusal === undefined ? { eventId, entry } : { eventId, error: new EventRejected(refusal) };
  });
}

async function publishTogether(
  events: readonly Prepared[],
  publisher: Publisher,
  whyNotSent: () => Error | undefined,
): Promise<PublishResult> {
  const outcomes = new Map<string, EntryResult>();
  for (const event of events) if ('error' in event) outcomes.set(event.eventId, event);
  const notSent = whyNotSent();
  if (notSent !== undefined) throw shortened(notSent);
  const requests = fitting(events.filter((event) => 'entry' in event));
  await Promise.all(
    requests.map(async (request) => {
      const entries = request.map(({ entry }) => entry);
      const results = await send(publisher, entries, whyNotSent);
      for (const [index, { eventId }] of request.entries()) {
        outcomes.set(
          eventId,
          results[index] ?? { error: new PublishFailed('NoAnswer: no result for the entry') },
        );
      }
    }),
  );
  return settle(outcomes);
}

/** The events in lists that each fit a request. */
function fitting(events: readonly Sendable[]): readonly (readonly Sendable[])[] {
  const requests: Sendable[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const event of events) {
    const more = entryBytes(event.entry);
    if (bytes + more > MAX_REQUEST_BYTES) {
      requests.push([]);
      bytes = 0;
    }
    requests.at(-1)?.push(event);
    bytes += more;
  }
  return requests;
}

/**
 * Sends events of one key in their order, each in a request of its own, because a request that fails in part has no
 * order. The first failure ends the list: the events behind it are not sent.
 * @throws the error of the first event, so that the state machine retries the whole list
 */
async function publishInOrder(
  events: readonly Prepared[],
  publisher: Publisher,
  whyNotSent: () => Error | undefined,
): Promise<PublishResult> {
  const published: Published[] = [];
  for (const [index, event] of events.entries()) {
    const isLate = () =>
      whyNotSent() === undefined ? undefined : new NotSent('the time of its publisher was up');
    const result = await sendNext(event, publisher, index === 0 ? whyNotSent : isLate);
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
function notSent({ eventId }: Prepared): NotPublished {
  return { eventId, error: 'NotSent', cause: 'the event before it in its key was not published' };
}

async function sendNext(
  event: Prepared,
  publisher: Publisher,
  whyNotSent: () => Error | undefined,
): Promise<EntryResult> {
  if ('error' in event) return event;
  const error = whyNotSent();
  if (error !== undefined) return { error };
  const [result] = await send(publisher, [event.entry], whyNotSent);
  return result ?? { error: new PublishFailed('NoAnswer: no result for the entry') };
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
