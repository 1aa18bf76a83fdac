import { describe, expect, test } from '@jest/globals';
import type { DataApi, Row, SqlValue } from '../../outbox/data-api.ts';
import { EventRejected } from '../../outbox/errors.ts';
import { readDetail } from '../../outbox/read-detail.ts';

const SLICE_BYTES = 48_000;
const eventId = '0b5e9a52-8f5c-4a52-9f5e-0d8a5c8f5c4a';

/** A database that holds one detail and slices it as the statement asks. */
function holding(detail: string) {
  const bytes = Buffer.from(detail);
  const calls: Readonly<Record<string, SqlValue>>[] = [];
  const database: DataApi = {
    query: async (sql, parameters = {}) => {
      if (!sql.includes(`slice * ${SLICE_BYTES} + 1 for ${SLICE_BYTES}`))
        throw new Error(`unexpected: ${sql}`);
      calls.push(parameters);
      const rows: Row[] = [];
      for (let slice = Number(parameters['firstSlice']); slice <= Number(parameters['lastSlice']); slice++) {
        const from = slice * SLICE_BYTES;
        if (from < bytes.length) rows.push([bytes.length, bytes.subarray(from, from + SLICE_BYTES)]);
      }
      return rows;
    },
  };
  return { database, calls };
}

describe('reading a detail that was too large to travel inline', () => {
  test('a detail of few slices is read in one call', async () => {
    const detail = JSON.stringify({ text: 'x'.repeat(100_000) });
    const { database, calls } = holding(detail);

    expect(await readDetail(database, eventId)).toBe(detail);
    expect(calls).toEqual([{ eventId, firstSlice: 0, lastSlice: 14 }]);
  });

  test('a detail is read in as many calls as the answers need', async () => {
    const detail = 'x'.repeat(1_048_000);
    const { database, calls } = holding(detail);

    expect(await readDetail(database, eventId)).toBe(detail);
    expect(calls).toEqual([
      { eventId, firstSlice: 0, lastSlice: 14 },
      { eventId, firstSlice: 15, lastSlice: 29 },
    ]);
  });

  test.each([
    ['two bytes', 'ü', 1],
    ['three bytes', '€', 2],
    ['four bytes', '🐘', 3],
  ])('a character of %s that is split between two slices is kept', async (_, character, before) => {
    const detail = `${'x'.repeat(SLICE_BYTES - before)}${character}${'x'.repeat(SLICE_BYTES)}`;

    expect(await readDetail(holding(detail).database, eventId)).toBe(detail);
  });

  test('a character that is split between two calls is kept', async () => {
    const detail = `x${'🐘'.repeat((SLICE_BYTES * 16) / 4)}`;

    expect(await readDetail(holding(detail).database, eventId)).toBe(detail);
  });

  test('reading stops after a last slice that is full, without another call', async () => {
    const { database, calls } = holding('x'.repeat(SLICE_BYTES * 15));

    expect(await readDetail(database, eventId)).toHaveLength(SLICE_BYTES * 15);
    expect(calls).toHaveLength(1);
  });

  test('every row and every answer stays within the limits of the Data API', () => {
    const base64 = Math.ceil(SLICE_BYTES / 3) * 4;

    expect(base64 + 16).toBeLessThan(64 * 1024);
    expect((base64 + 64) * 15).toBeLessThan(1024 * 1024);
  });

  test('reading the detail of an event that was deleted meanwhile is rejected with the id of the event', async () => {
    const reading = readDetail({ query: async () => [] }, eventId);

    await expect(reading).rejects.toThrow(
      new EventRejected(`EventMissing: event ${eventId} is no longer in the outbox`),
    );
  });
});
