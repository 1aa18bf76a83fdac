import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DataApi, Row } from '../../outbox/data-api.ts';
import { EventRejected } from '../../outbox/errors.ts';
import type { ClaimedEvent } from '../../outbox/event.ts';
import { readDetails as read, readDetail } from '../../outbox/read-detail.ts';
import { claimBatch, limits } from '../support/claiming.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();

beforeEach(() => database.sql('delete from outbox_events'));

const textOf = (sign: string, bytes: number) =>
  JSON.stringify({
    text: sign.repeat(Math.floor(bytes / Buffer.byteLength(JSON.stringify(sign).slice(1, -1)))),
  });

async function detailOf(id: string): Promise<string> {
  const [row] = await database.sql<{ detail: string }>(
    'select outbox_detail(id, aggregate_id, payload) as detail from outbox_events where id = $1',
    [id],
  );
  return row?.detail ?? '';
}

const isReferenced = (event: ClaimedEvent) => event.byReference !== undefined;

async function readDetails(dataApi: DataApi, events: readonly ClaimedEvent[]) {
  const detailOf = await read(dataApi, events);
  return new Map(events.map((event) => [event.eventId, detailOf(event)]));
}

/** Counts the calls and measures the largest row in the format of the Data API. */
function watched(inner: DataApi) {
  const seen = { calls: 0, largestRow: 0 };
  const bytesOf = (row: Row) =>
    row.reduce<number>(
      (sum, value) =>
        sum + (value instanceof Uint8Array ? Math.ceil(value.length / 3) * 4 : `${value}`.length),
      0,
    );
  const query: DataApi['query'] = async (sql, parameters) => {
    const rows = await inner.query(sql, parameters);
    seen.calls += 1;
    seen.largestRow = Math.max(seen.largestRow, ...rows.map(bytesOf));
    return rows;
  };
  return { query, seen };
}

describe('a detail that travels by reference', () => {
  test('a detail travels by reference exactly when its JSON has more bytes than a row of an answer holds', async () => {
    const insertOf = (length: number) =>
      insertEvent(database, { payload: JSON.stringify({ text: 'x'.repeat(length) }) });
    const [overhead] = await database.sql<{ state_bytes: number }>(
      'select state_bytes from outbox_events where id = $1',
      [await insertOf(0)],
    );
    const room = 60_000 - (overhead?.state_bytes ?? 0);
    await database.sql('delete from outbox_events');
    const fitting = await insertOf(room);
    const tooLarge = await insertOf(room + 1);

    const { events } = await claimBatch(database);

    expect(events.find(({ eventId }) => eventId === fitting)?.detail).toBe(await detailOf(fitting));
    expect(events.find(({ eventId }) => eventId === tooLarge)).not.toHaveProperty('detail');
  });

  test.each([
    ['quotes', '"'],
    ['backslashes', '\\'],
    ['control characters', '\u0001'],
  ])('a detail travels by reference when only escaping makes it too large: %s', async (_, sign) => {
    await insertEvent(database, { payload: textOf(sign, 55_000) });

    const [event] = (await claimBatch(database)).events;

    expect(event).not.toHaveProperty('detail');
  });

  test('a detail that travels by reference takes almost nothing of the byte limit of a batch', async () => {
    for (let n = 0; n < 5; n += 1) await insertEvent(database, { payload: textOf('x', 200_000) });

    const { events, more } = await claimBatch(database, { maxStateBytes: 3000 });

    expect(events).toHaveLength(5);
    expect(more).toBe(false);
  });

  test('a batch is full whatever its details weigh, and as many are inline as its state has room for', async () => {
    for (let n = 0; n < 8; n += 1) await insertEvent(database, { payload: textOf('"', 29_800) });

    const { events } = await claimBatch(database);

    expect(events.map(({ detail }) => detail !== undefined)).toEqual([
      ...[true, true, true],
      ...[false, false, false, false, false],
    ]);
    expect(Buffer.byteLength(JSON.stringify(events))).toBeLessThanOrEqual(limits.maxStateBytes);
  });

  test('the smallest details travel inline, because fewest have to be read then', async () => {
    const sizes = [3000, 200, 9000, 1000, 2000];
    const ids: string[] = [];
    for (const size of sizes) ids.push(await insertEvent(database, { payload: textOf('x', size) }));

    const { events } = await claimBatch(database, { maxInlineBytes: 3600 });

    expect(events.map(({ eventId }) => eventId)).toEqual(ids);
    expect(events.map(({ detail }) => detail !== undefined)).toEqual([false, true, false, true, true]);
  });

  test('no detail travels inline when nothing may, and each is read as it was written', async () => {
    for (const sign of ['x', '"', '€']) await insertEvent(database, { payload: textOf(sign, 9000) });

    const { events } = await claimBatch(database, { maxInlineBytes: 0 });

    const details = await readDetails(database.dataApi, events.filter(isReferenced));
    expect(events.some(({ detail }) => detail !== undefined)).toBe(false);
    expect(JSON.stringify(events)).not.toContain('xxx');
    for (const { eventId, byReference } of events) {
      const written = await detailOf(eventId);
      expect(details.get(eventId)).toBe(written);
      expect(byReference?.bytes).toBe(Buffer.byteLength(written));
    }
  });

  test('a repeated claim answers with the same details inline and the same references', async () => {
    for (let n = 0; n < 5; n += 1) await insertEvent(database, { payload: textOf('x', 1000) });

    const { leaseToken, events } = await claimBatch(database, { maxInlineBytes: 2500 });

    const again = await claimBatch(database, { maxInlineBytes: 2500, leaseToken });
    expect(again.events).toEqual(events);
    expect(events.filter(isReferenced)).toHaveLength(3);
  });

  test.each([
    [
      'corrected',
      `update outbox_events set payload = '{"n": 2}' where id = $1`,
      'PublishFailed: EventChanged',
    ],
    [
      'claimed again by another run',
      `update outbox_events set lease_token = gen_random_uuid(), attempts = attempts + 1 where id = $1`,
      'PublishFailed: EventChanged',
    ],
    ['deleted', 'delete from outbox_events where id = $1', 'EventRejected: EventMissing'],
  ])(
    'an event that is %s between claim and read fails, and no other one does',
    async (_, change, failure) => {
      for (let n = 0; n < 3; n += 1) await insertEvent(database, { payload: '{"n": 1}' });
      const { events } = await claimBatch(database, { maxInlineBytes: 0 });
      const [first, second, third] = events.map(({ eventId }) => eventId) as [string, string, string];

      await database.sql(change, [second]);

      const details = await readDetails(database.dataApi, events.filter(isReferenced));
      expect([first, third].map((id) => details.get(id))).toEqual([
        await detailOf(first),
        await detailOf(third),
      ]);
      expect(String(details.get(second))).toMatch(failure);
    },
  );
});

describe('reading a detail', () => {
  test.each([
    ['quotes', '"'],
    ['emoji', '😀'],
    ['emoji that straddle the slices', 'x😀é'],
    ['plain text', 'x'],
  ])('a detail of 900 KB of %s is read exactly as written', async (_, sign) => {
    const id = await insertEvent(database, { payload: textOf(sign, 900_000) });
    const { seen, query } = watched(database.dataApi);

    const detail = await readDetail({ query }, id);

    expect(detail === (await detailOf(id))).toBe(true);
    expect(Buffer.byteLength(detail)).toBeGreaterThan(899_000);
    expect(seen.calls).toBe(2);
    expect(seen.largestRow).toBeLessThanOrEqual(64 * 1024);
  });

  test('a detail of any size is read exactly as written, also at the ends of slices and calls', async () => {
    const id = await insertEvent(database);
    const overhead = Buffer.byteLength(await detailOf(id)) + Buffer.byteLength('"text": "", ');
    const around = (bytes: number) => fc.integer({ min: bytes - 2, max: bytes + 2 });
    const size = fc.oneof(
      around(48_000),
      around(96_000),
      around(720_000),
      fc.integer({ min: 200, max: 1_000_000 }),
    );

    await fc.assert(
      fc.asyncProperty(size, fc.constantFrom('x', 'é', '😀'), async (bytes, sign) => {
        const whole = sign.repeat(Math.floor((bytes - overhead) / Buffer.byteLength(sign)));
        const rest = 'x'.repeat(bytes - overhead - Buffer.byteLength(whole));
        await database.sql('update outbox_events set payload = $1', [JSON.stringify({ text: whole + rest })]);

        const detail = await readDetail(database.dataApi, id);

        expect(Buffer.byteLength(detail)).toBe(bytes);
        expect(detail === (await detailOf(id))).toBe(true);
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });

  test('the detail of a small event is read in one call', async () => {
    const id = await insertEvent(database, { payload: '{"total": 1.10}' });
    const { seen, query } = watched(database.dataApi);

    expect(await readDetail({ query }, id)).toBe(await detailOf(id));
    expect(seen.calls).toBe(1);
  });

  test('reading the detail of a deleted event is a permanent failure', async () => {
    await expect(readDetail(database.dataApi, randomUUID())).rejects.toThrow(EventRejected);
  });
});
