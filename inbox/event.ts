import { NotAnOutboxEvent } from './errors.ts';

/** The place of an event among those of its ordering key. */
export interface Place {
  readonly orderingKey: string;
  readonly sequence: number;
  /** The last event of the key that the bus accepted before this one; 0 for the first. */
  readonly previousSequence: number;
}

/** An event as the outbox published it. */
export interface InboxEvent {
  readonly eventId: string;
  readonly aggregateId: string;
  readonly detailType: string;
  readonly source: string;
  /** The payload, with `eventId`, `aggregateId` and the fields of an ordered event. */
  readonly detail: Readonly<Record<string, unknown>>;
  /** Absent for events without an ordering key, for one that was skipped and redriven later, and in a replay. */
  readonly place?: Place;
  /** Present when a person had the event published again; the same for all events of that replay. */
  readonly replayId?: string;
}

type Fields = Readonly<Record<string, unknown>>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Reads an EventBridge event, or the JSON text of one as in the body of an SQS message. */
export function readEvent(received: unknown): InboxEvent {
  const envelope = typeof received === 'string' ? parse(received) : received;
  if (!isObject(envelope)) throw refused('is no JSON object', envelope);
  const { source, 'detail-type': detailType, detail } = envelope;
  if (!isText(source)) throw refused('has no text as "source"', envelope);
  if (!isText(detailType)) throw refused('has no text as "detail-type"', envelope);
  if (!isObject(detail)) throw refused('has no object as "detail"', envelope);
  const { eventId, aggregateId } = detail;
  if (!isText(eventId) || !UUID.test(eventId)) throw refused('has no uuid as "detail.eventId"', envelope);
  if (!isText(aggregateId)) throw refused('has no text as "detail.aggregateId"', envelope);
  const { replayId } = detail;
  const place = placeOf(detail, envelope);
  return {
    ...{ eventId, aggregateId, detailType, source, detail },
    ...(place !== undefined && { place }),
    ...(isText(replayId) && { replayId }),
  };
}

/** Without an ordering key, `sequence` is a field of the payload. */
function placeOf({ orderingKey, sequence, previousSequence }: Fields, envelope: Fields): Place | undefined {
  if (orderingKey === undefined || orderingKey === null) return undefined;
  if (!isText(orderingKey) || [...orderingKey].length > 128)
    throw refused('has no text of 1 to 128 characters as "detail.orderingKey"', envelope);
  if (sequence === undefined || sequence === null) return undefined;
  if (!isSequence(sequence) || sequence === 0)
    throw refused('has no positive integer as "detail.sequence"', envelope);
  const previous = previousSequence ?? 0;
  if (!isSequence(previous) || previous >= sequence)
    throw refused('has no integer below "detail.sequence" as "detail.previousSequence"', envelope);
  return { orderingKey, sequence, previousSequence: previous };
}

/** JSON.parse rounds larger integers, which would then compare as equal. */
export function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new NotAnOutboxEvent(`the message is no JSON: ${excerpt(text)}`, { cause: error });
  }
}

function refused(why: string, received: unknown): NotAnOutboxEvent {
  return new NotAnOutboxEvent(
    `the message ${why}: ${excerpt(JSON.stringify(received) ?? String(received))}. ` +
      'Expected an EventBridge event of an outbox, with eventId and aggregateId in its detail; the rule must not transform it',
  );
}

const excerpt = (text: string) => (text.length > 200 ? `${text.slice(0, 200)}...` : text);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
