import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { DataApi, Row } from '../../outbox/data-api.ts';
import { DatabaseUnavailable, EventRejected, PublishFailed } from '../../outbox/errors.ts';
import { type Referenced, readDetails as read, readDetail, SLICE_BYTES } from '../../outbox/read-detail.ts';

const eventId = '0b5e9a52-8f5c-4a52-9f5e-0d8a5c8f5c4a';
const VERSION = 812;

interface Slices {
  readonly eventId: string;
  readonly first: number;
  readonly last: number;
}

/** A database that holds details and slices them as the statement asks; `versions` are those of the calls. */
function holding(details: Readonly<Record<string, string>>, versions: readonly number[] = []) {
  const calls: Slices[][] = [];
  const database: DataApi = {
    query: async (sql, { slices } = {}) => {
      if (!sql.includes(`slice * ${SLICE_BYTES} + 1 for ${SLICE_BYTES}`))
        throw new Error(`unexpected: ${sql}`);
      const wanted = JSON.parse(String(slices)) as Slices[];
      const version = versions[calls.length] ?? VERSION;
      calls.push(wanted);
      return wanted.flatMap(({ eventId: id, first, last }) => {
        const bytes = Buffer.from(details[id] ?? '');
        const rows: Row[] = [];
        for (let from = first * SLICE_BYTES; from < Math.min(bytes.length, (last + 1) * SLICE_BYTES); ) {
          rows.push([id, version, bytes.length, bytes.subarray(from, from + SLICE_BYTES)]);
          from += SLICE_BYTES;
        }
        return rows;
      });
    },
  };
  return { database, calls };
}

const referenced = (id: string, bytes: number, version = VERSION): Referenced => ({
  eventId: id,
  byReference: { bytes, version },
});

async function readDetails(database: DataApi, events: readonly Referenced[]) {
  const detailOf = await read(database, events);
  return new Map(events.map((event) => [event.eventId, detailOf(event)]));
}

describe('reading one detail', () => {
  test('a detail of few slices is read in one call', async () => {
    const detail = JSON.stringify({ text: 'x'.repeat(100_000) });
    const { database, calls } = holding({ [eventId]: detail });

    expect(await readDetail(database, eventId)).toBe(detail);
    expect(calls).toEqual([[{ eventId, first: 0, last: 14 }]]);
  });

  test('a detail is read in as many calls as the answers need', async () => {
    const detail = 'x'.repeat(1_048_000);
    const { database, calls } = holding({ [eventId]: detail });

    expect(await readDetail(database, eventId)).toBe(detail);
    expect(calls).toEqual([[{ eventId, first: 0, last: 14 }], [{ eventId, first: 15, last: 21 }]]);
  });

  test.each([
    ['two bytes', 'ü', 1],
    ['three bytes', '€', 2],
    ['four bytes', '🐘', 3],
  ])('a character of %s that is split between two slices is kept', async (_, character, before) => {
    const detail = `${'x'.repeat(SLICE_BYTES - before)}${character}${'x'.repeat(SLICE_BYTES)}`;

    expect(await readDetail(holding({ [eventId]: detail }).database, eventId)).toBe(detail);
  });

  test('a character that is split between two calls is kept', async () => {
    const detail = `x${'🐘'.repeat((SLICE_BYTES * 16) / 4)}`;

    expect(await readDetail(holding({ [eventId]: detail }).database, eventId)).toBe(detail);
  });

  test('reading stops after a last slice that is full, without another call', async () => {
    const { database, calls } = holding({ [eventId]: 'x'.repeat(SLICE_BYTES * 15) });

    expect(await readDetail(database, eventId)).toHaveLength(SLICE_BYTES * 15);
    expect(calls).toHaveLength(1);
  });

  test('reading the detail of an event that was deleted meanwhile is rejected with the id of the event', async () => {
    await expect(readDetail(holding({}).database, eventId)).rejects.toThrow(
      new EventRejected(`EventMissing: event ${eventId} is no longer in the outbox`),
    );
  });

  test('a detail that changes between two calls is rejected instead of mixed', async () => {
    const { database } = holding({ [eventId]: 'x'.repeat(1_000_000) }, [VERSION, VERSION + 1]);

    await expect(readDetail(database, eventId)).rejects.toThrow(/^EventChanged: /);
  });
});

describe('reading details that travel by reference', () => {
  test('ten details are read in one call', async () => {
    const ids = Array.from({ length: 10 }, (_, index) => `e-${index}`);
    const { database, calls } = holding(Object.fromEntries(ids.map((id) => [id, id.repeat(10_000)])));

    const details = await readDetails(
      database,
      ids.map((id) => referenced(id, 30_000)),
    );

    expect(ids.map((id) => details.get(id))).toEqual(ids.map((id) => id.repeat(10_000)));
    expect(calls).toHaveLength(1);
  });

  test('a call asks for no more slices than an answer holds, whatever the sizes', async () => {
    const sizes = [700_000, 1, 48_000, 1_048_000, 48_001];
    const { database, calls } = holding(
      Object.fromEntries(sizes.map((size) => [`e-${size}`, 'x'.repeat(size)])),
    );

    const details = await readDetails(
      database,
      sizes.map((size) => referenced(`e-${size}`, size)),
    );

    expect(sizes.map((size) => details.get(`e-${size}`)?.toString().length)).toEqual(sizes);
    const slices = calls.map((call) => call.reduce((sum, { first, last }) => sum + last - first + 1, 0));
    expect(slices).toEqual([15, 15, 11]);
  });

  test('no call is made when nothing travels by reference', async () => {
    const { database, calls } = holding({});

    expect((await readDetails(database, [])).size).toBe(0);
    expect(calls).toEqual([]);
  });

  test.each([
    ['less', 1],
    ['more', 900_000],
  ])('a detail whose row says that it has %s bytes than it has is read whole', async (_, bytes) => {
    const detail = 'x'.repeat(800_000);
    const { database } = holding({ 'e-1': detail });

    expect((await readDetails(database, [referenced('e-1', bytes)])).get('e-1')).toBe(detail);
  });

  test.each([
    ['when it is read', 3],
    ['and says another size', 1],
  ])(
    'an event whose row has another version %s fails with its name, and the others are read',
    async (_, bytes) => {
      const { database } = holding({ 'e-1': 'abc', 'e-2': '{}' });

      const details = await readDetails(database, [
        referenced('e-1', bytes, VERSION + 1),
        referenced('e-2', 2),
      ]);

      expect(details.get('e-1')).toEqual(
        new PublishFailed(
          'EventChanged: the row of event e-1 has changed since it was claimed, or while it was read',
        ),
      );
      expect(details.get('e-2')).toBe('{}');
    },
  );

  test('a call that fails as a whole is an error of the database and not of an event', async () => {
    const database: DataApi = { query: () => Promise.reject(new DatabaseUnavailable('no answer')) };

    await expect(readDetails(database, [referenced('e-1', 1)])).rejects.toThrow(DatabaseUnavailable);
  });
});

test('every row and every answer stays within the limits of the Data API', () => {
  const base64 = Math.ceil(SLICE_BYTES / 3) * 4;
  const fields = JSON.stringify([
    { stringValue: eventId },
    { longValue: 2 ** 32 },
    { longValue: 1_048_576 },
    { blobValue: '' },
  ]).length;

  expect(base64 + fields).toBeLessThan(64 * 1024);
  expect((base64 + fields + 64) * 15).toBeLessThan(1024 * 1024);
});

test.each([
  ['statemachine/outbox-processor.asl.json', /byReference\.bytes <= (\d+)/],
  ['statemachine/outbox-processor.asl.json', /byReference\.bytes > (\d+)/],
  ['database/migrations/0010_pick_ordered_events.sql', /slice_bytes constant integer = (\d+)/],
])('%s calls an event large when it has more than one slice', (file, size) => {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

  expect(Number(size.exec(text)?.[1])).toBe(SLICE_BYTES);
});
