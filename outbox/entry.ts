import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { ClaimedEvent } from './event.ts';

/** Bytes that one PutEvents request may carry. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html */
export const MAX_REQUEST_BYTES = 1_048_576;
const MAX_DETAIL_TYPE_CHARACTERS = 128;

export interface Envelope {
  readonly eventBusName: string;
  /** The `source` of every entry, e.g. `bellyfed.outbox`. */
  readonly source: string;
}

/** The PutEvents entry of an event. `Time` is when the event was written, not when it was published. */
export function toEntry(
  event: ClaimedEvent & { readonly detail: string },
  envelope: Envelope,
): PutEventsRequestEntry {
  return {
    EventBusName: envelope.eventBusName,
    Source: envelope.source,
    DetailType: event.eventType,
    Detail: event.detail,
    Time: new Date(event.createdAt),
    ...(event.traceHeader !== undefined && { TraceHeader: event.traceHeader }),
  };
}

/** An entry's size as EventBridge counts it, in bytes. */
export function entryBytes(entry: PutEventsRequestEntry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])];
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? '', 'utf8'), 0);
  return bytes + (entry.Time === undefined ? 0 : 14);
}

/**
 * Why EventBridge would refuse this entry or, worse, accept and drop it, as it does with a long detail type.
 * The table's constraints refuse the same at insert; this is for events that got in all the same.
 */
export function whyUnpublishable(entry: PutEventsRequestEntry): string | undefined {
  const bytes = entryBytes(entry);
  if (bytes > MAX_REQUEST_BYTES) {
    return `EntryTooLarge: the entry has ${bytes} bytes and a PutEvents request takes ${MAX_REQUEST_BYTES}`;
  }
  const characters = [...(entry.DetailType ?? '')].length;
  if (characters < 1 || characters > MAX_DETAIL_TYPE_CHARACTERS) {
    return `InvalidDetailType: the event type has ${characters} characters, 1 to ${MAX_DETAIL_TYPE_CHARACTERS} are allowed`;
  }
  return undefined;
}
