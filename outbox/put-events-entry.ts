import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { ClaimedEvent } from './event.ts';
import { fits, maxCharacters } from './text-limits.ts';

/** The maximum bytes of one PutEvents request. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html */
export const MAX_REQUEST_BYTES = 1_048_576;
// Most targets have the same limit but receive more: the detail in an envelope of source, account, region and so on.
const ENVELOPE_BYTES = 512;

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

/** The size of an entry in bytes, as EventBridge counts it. */
export function entryBytes(entry: PutEventsRequestEntry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])];
  const bytes = texts.reduce((sum, text) => sum + utf8Bytes(text ?? ''), 0);
  return bytes + (entry.Time === undefined ? 0 : 14);
}

/**
 * Why EventBridge would accept this entry and drop it, as it does with a long detail type, or refuse the whole request
 * because of it. The table refuses the same events at insert, and more that EventBridge refuses entry by entry; this
 * check is for events that are in the table nevertheless.
 */
export function whyUnpublishable(entry: PutEventsRequestEntry): string | undefined {
  const { Detail = '', DetailType = '', TraceHeader } = entry;
  const bytes = entryBytes(entry);
  if (bytes > MAX_REQUEST_BYTES) {
    return `EntryTooLarge: the entry has ${bytes} bytes and a PutEvents request takes ${MAX_REQUEST_BYTES}`;
  }
  const delivered = utf8Bytes(Detail) + utf8Bytes(JSON.stringify(DetailType)) + ENVELOPE_BYTES;
  if (delivered > MAX_REQUEST_BYTES) {
    return `EventTooLarge: with its envelope the event has up to ${delivered} bytes and a target takes ${MAX_REQUEST_BYTES}`;
  }
  if (!fits('eventType', DetailType))
    return `InvalidDetailType: the event type ${outOfBounds('eventType', DetailType)}`;
  if (TraceHeader !== undefined && !fits('traceHeader', TraceHeader)) {
    return `InvalidTraceHeader: the trace header ${outOfBounds('traceHeader', TraceHeader)}`;
  }
  return undefined;
}

function outOfBounds(name: keyof typeof maxCharacters, text: string): string {
  return `has ${[...text].length} characters, 1 to ${maxCharacters[name]} are allowed`;
}

const utf8Bytes = (text: string) => Buffer.byteLength(text, 'utf8');
