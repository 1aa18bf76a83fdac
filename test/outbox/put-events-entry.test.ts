import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { entryBytes, MAX_REQUEST_BYTES, toEntry, whyUnpublishable } from '../../outbox/put-events-entry.ts';

const envelope = { eventBusName: 'bellyfed-events', source: 'bellyfed.outbox' };
const event = {
  eventId: '0b5e9a52-8f5c-4a52-9f5e-0d8a5c8f5c4a',
  eventType: 'DishRated',
  detail: '{"stars": 5}',
  createdAt: '2026-11-23T12:00:00.123Z',
  attempts: 1,
};

/** The documented formula. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html */
function documentedBytes(entry: PutEventsRequestEntry): number {
  let size = 0;
  if (entry.Time !== undefined) size += 14;
  size += new TextEncoder().encode(entry.Source).byteLength;
  size += new TextEncoder().encode(entry.DetailType).byteLength;
  if (entry.Detail !== undefined) size += new TextEncoder().encode(entry.Detail).byteLength;
  for (const resource of entry.Resources ?? []) size += new TextEncoder().encode(resource).byteLength;
  return size;
}

describe('the entry of an event', () => {
  test('the entry carries the detail exactly as claimed and the time when the event was written', () => {
    expect(toEntry(event, envelope)).toEqual({
      EventBusName: 'bellyfed-events',
      Source: 'bellyfed.outbox',
      DetailType: 'DishRated',
      Detail: '{"stars": 5}',
      Time: new Date('2026-11-23T12:00:00.123Z'),
    });
  });

  test('the entry carries the trace header that the producer stored', () => {
    const entry = toEntry({ ...event, traceHeader: 'Root=1-5759e988' }, envelope);

    expect(entry.TraceHeader).toBe('Root=1-5759e988');
  });
});

describe('the size of an entry', () => {
  test('the size of an entry includes 14 bytes for the time', () => {
    expect(entryBytes({ Source: 'ab', DetailType: 'c', Detail: '{}', Time: new Date() })).toBe(19);
    expect(entryBytes({ Source: 'ab', DetailType: 'c', Detail: '{}' })).toBe(5);
  });

  test('the size of an entry counts UTF-8 bytes, not characters', () => {
    expect(entryBytes({ Source: 'ü', DetailType: '€', Detail: '🐘' })).toBe(2 + 3 + 4);
  });

  test('the size of an entry includes neither the name of the bus nor the trace header', () => {
    const entry = { Source: 'a', DetailType: 'b', Detail: '{}' };

    expect(entryBytes({ ...entry, EventBusName: 'bus', TraceHeader: 'Root=1' })).toBe(entryBytes(entry));
  });

  test('the size of any entry equals the formula in the user guide', () => {
    const text = fc.string({ unit: 'binary' });
    const entries = fc.record(
      {
        Source: text,
        DetailType: text,
        Detail: text,
        Resources: fc.array(text, { maxLength: 3 }),
        Time: fc.date(),
      },
      { requiredKeys: ['Source', 'DetailType'] },
    );

    fc.assert(
      fc.property(entries, (entry) => {
        expect(entryBytes(entry)).toBe(documentedBytes(entry));
      }),
    );
  });
});

describe('an entry that EventBridge would refuse or drop', () => {
  const typed = (eventType: string) => whyUnpublishable(toEntry({ ...event, eventType }, envelope));
  const sized = (bytes: number) => {
    const rest = entryBytes(toEntry({ ...event, detail: '' }, envelope));
    return toEntry({ ...event, detail: 'x'.repeat(bytes - rest) }, envelope);
  };

  test('an entry larger than a request is refused', () => {
    expect(whyUnpublishable(sized(MAX_REQUEST_BYTES + 1))).toBe(
      'EntryTooLarge: the entry has 1048577 bytes and a PutEvents request takes 1048576',
    );
  });

  test('an entry that fits a request but not a target with its envelope is refused', () => {
    const delivered = (detailBytes: number, eventType: string) =>
      whyUnpublishable(toEntry({ ...event, eventType, detail: 'x'.repeat(detailBytes) }, envelope));
    const room = MAX_REQUEST_BYTES - 512 - '"a\\"b"'.length;

    expect(delivered(room, 'a"b')).toBeUndefined();
    expect(delivered(room + 1, 'a"b')).toBe(
      'EventTooLarge: with its envelope the event has up to 1048577 bytes and a target takes 1048576',
    );
  });

  test('an entry with a detail type of 129 characters, or an empty one, is refused', () => {
    expect(typed('t'.repeat(128))).toBeUndefined();
    expect(typed('t'.repeat(129))).toMatch(/^InvalidDetailType: the event type has 129 characters, 1 to 128/);
    expect(typed('')).toMatch(/^InvalidDetailType: the event type has 0 characters/);
  });

  test('characters are counted as PostgreSQL counts them: an emoji is one', () => {
    expect(typed('🐘'.repeat(128))).toBeUndefined();
    expect(typed('🐘'.repeat(129))).toMatch(/^InvalidDetailType/);
  });

  test('an entry with a trace header that is empty or longer than 500 characters is refused', () => {
    const traced = (traceHeader: string) => whyUnpublishable(toEntry({ ...event, traceHeader }, envelope));

    expect(traced('x'.repeat(500))).toBeUndefined();
    expect(traced('x'.repeat(501))).toMatch(/^InvalidTraceHeader: the trace header has 501 characters/);
    expect(traced('')).toMatch(/^InvalidTraceHeader: the trace header has 0 characters/);
  });
});

test('the size reserved for the envelope is larger than any that EventBridge puts around a detail', () => {
  const event = {
    version: '0',
    id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
    'detail-type': '',
    source: 'x'.repeat(200),
    account: '111122223333',
    time: '2026-11-23T12:00:00Z',
    region: 'ap-southeast-99',
    resources: [],
    detail: '',
  };

  expect(JSON.stringify(event).length).toBeLessThanOrEqual(512);
});
