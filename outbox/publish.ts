import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { DataApi } from './data-api.ts';
import { readDetail } from './detail.ts';
import { type Envelope, toEntry, whyUnpublishable } from './entry.ts';
import type { ClaimedEvent } from './event.ts';
import type { Publisher } from './event-bridge.ts';
import { EventRejected } from './failure.ts';
import type { Published } from './outcomes.ts';

/** An event that was not published: the name and the message of the error, as the state machine notes them. */
export interface NotPublished {
  readonly eventId: string;
  readonly error: string;
  readonly cause: string;
}

export interface PublishResult {
  readonly published: readonly Published[];
  readonly failed: readonly NotPublished[];
}

// 200 failures must fit 256 KiB of state beside their ids.
const MAX_MESSAGE_BYTES = 200;

/**
 * Publishes a list of events in one request: one outcome per event, so that what was accepted is never sent again.
 * @throws the first event's error when nothing of the list was published, so that the state machine retries it.
 */
export async function publishEvents(
  events: readonly ClaimedEvent[],
  { database, publisher, envelope }: { database: DataApi; publisher: Publisher; envelope: Envelope },
): Promise<PublishResult> {
  const failures = new Map<string, Error>();
  const sendable: { eventId: string; entry: PutEventsRequestEntry }[] = [];
  for (const event of events) {
    const detail = event.detail ?? (await readDetail(database, event.eventId));
    const entry = toEntry({ ...event, detail }, envelope);
    const refusal = whyUnpublishable(entry);
    if (refusal === undefined) sendable.push({ eventId: event.eventId, entry });
    else failures.set(event.eventId, new EventRejected(refusal));
  }

  const published: Published[] = [];
  const results =
    sendable.length > 0
      ? await send(
          publisher,
          sendable.map(({ entry }) => entry),
        )
      : [];
  results.forEach((result, index) => {
    const eventId = sendable[index]?.eventId ?? '';
    if ('error' in result) failures.set(eventId, result.error);
    else published.push({ eventId, eventBridgeId: result.eventBridgeId });
  });

  const [firstFailure] = failures.values();
  if (published.length === 0 && firstFailure !== undefined) throw shortened(firstFailure);
  const failed = [...failures].map(([eventId, error]) => {
    const { name, message } = shortened(error);
    return { eventId, error: name, cause: message };
  });
  return { published, failed };
}

async function send(publisher: Publisher, entries: readonly PutEventsRequestEntry[]) {
  return publisher.publish(entries).catch((error: Error) => {
    throw shortened(error);
  });
}

/** The same error with a message of few bytes and no stack: both travel through the state. */
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
