import { attempt, type InboxOptions, type Processed } from './attempt.ts';
import type { InboxDatabase } from './database.ts';
import { type InboxEvent, readEvent } from './event.ts';

// Waits for another transaction that is processing the same event.
const RECORD = `insert into outbox_inbox (consumer, event_id) values ($1, cast(cast($2 as text) as uuid))
  on conflict do nothing returning cast(event_id as text)`;

const FIND = `select cast(event_id as text) from outbox_inbox
  where consumer = $1 and event_id = cast(cast($2 as text) as uuid)`;

/**
 * Runs `work` unless this consumer has processed the event before. The event is recorded in `transaction`, which has to
 * be that of the work: both are committed, or neither. `event` is an EventBridge event, or the body of an SQS message.
 */
export async function processOnce<T>(
  transaction: InboxDatabase,
  event: unknown,
  work: (event: InboxEvent) => Promise<T>,
  { consumer = 'default', replays = 'once' }: InboxOptions = {},
): Promise<Processed<T>> {
  const read = readEvent(event);
  return attempt(transaction, async () => {
    const isNew = await record(transaction, consumer, read);
    const isWanted =
      replays === 'again' && read.replayId !== undefined
        ? await recordReplay(transaction, consumer, read.eventId, read.replayId)
        : isNew;
    return isWanted ? { outcome: 'processed', result: await work(read) } : { outcome: 'duplicate' };
  });
}

// A replay is delivered at least once too, so each of its events is recorded beside the event itself, under an id made
// of both ids.
const RECORD_REPLAY = RECORD.replace('cast(cast($2 as text) as uuid)', 'cast(md5(cast($2 as text)) as uuid)');

async function recordReplay(
  transaction: InboxDatabase,
  consumer: string,
  eventId: string,
  replayId: string,
): Promise<boolean> {
  const id = `${eventId.toLowerCase()} ${replayId}`;
  return (await transaction.query(RECORD_REPLAY, [consumer, id])).length > 0;
}

/** Whether the event was not recorded before. */
export async function record(
  transaction: InboxDatabase,
  consumer: string,
  { eventId }: InboxEvent,
): Promise<boolean> {
  return (await transaction.query(RECORD, [consumer, eventId])).length > 0;
}

export async function isRecorded(
  transaction: InboxDatabase,
  consumer: string,
  { eventId }: InboxEvent,
): Promise<boolean> {
  return (await transaction.query(FIND, [consumer, eventId])).length > 0;
}
