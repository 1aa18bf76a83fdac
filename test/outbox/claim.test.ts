import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { markProcessed } from '../../outbox/mark-processed.ts';
import { claimBatch, idsOf, limits, runId } from '../support/claiming.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEach, insertEvent, insertEvents, type NewEvent, readEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();

beforeEach(() => database.sql('delete from outbox_events'));

test('a claim returns an empty batch when nothing is due', async () => {
  await database.sql(
    `insert into outbox_events (aggregate_id, event_type, payload, due_at)
     values ('a', 'b', '{}', now() + interval '1 minute')`,
  );

  expect(await claimBatch(database)).toMatchObject({
    events: [],
    more: false,
    failedForGood: 0,
    reclaimed: 0,
  });
});

test('a claimed row carries the lease token and is due again when the lease ends', async () => {
  const id = await insertEvent(database);

  const { leaseToken } = await claimBatch(database);

  const row = await readEvent(database, id);
  expect(row).toMatchObject({ status: 'PROCESSING', attempts: 1, lease_token: leaseToken, run_id: runId });
  expect(row.due_in).toBeGreaterThan(limits.leaseSeconds - 10);
  expect(row.due_in).toBeLessThanOrEqual(limits.leaseSeconds);
});

test('a claimed event carries everything that publishing needs', async () => {
  const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793';
  const id = await insertEvent(database, { payload: '{"total": 1.10}', traceHeader });
  await database.sql(`update outbox_events set created_at = '2026-02-03T04:05:06.789999Z'`);

  const { events } = await claimBatch(database);

  expect(events).toEqual([
    {
      eventId: id,
      eventType: 'order.placed',
      detail: `{"total": 1.10, "eventId": "${id}", "aggregateId": "order-1"}`,
      createdAt: '2026-02-03T04:05:06.789Z',
      attempts: 1,
      traceHeader,
    },
  ]);
});

test('an event without a trace header is claimed without one', async () => {
  await insertEvent(database);

  const [event] = (await claimBatch(database)).events;

  expect(event).not.toHaveProperty('traceHeader');
});

test('the events that have been due longest are claimed first, whatever the order of their insertion', async () => {
  const ids = await insertEvents(database, 6);
  await database.sql(`update outbox_events set due_at = now() - interval '1 hour' where id = $1`, [ids[5]]);

  const batches = [];
  for (let n = 0; n < 3; n += 1) batches.push(idsOf(await claimBatch(database, { maxEvents: 2 })));

  expect(batches.map((batch) => batch.toSorted())).toEqual(
    [
      [ids[5], ids[0]],
      [ids[1], ids[2]],
      [ids[3], ids[4]],
    ].map((batch) => batch.toSorted()),
  );
});

test('a batch lists its events in the order of their insertion', async () => {
  const ids = await insertEvents(database, 50);

  expect(idsOf(await claimBatch(database))).toEqual(ids);
});

describe('the answer whether more events are due', () => {
  test('a claim reports more due events when it stopped at the maximum count', async () => {
    await insertEvents(database, 3);

    expect(await claimBatch(database, { maxEvents: 2 })).toMatchObject({ more: true });
    expect(await claimBatch(database, { maxEvents: 2 })).toMatchObject({ more: false });
  });

  test('a claim reports more due events when it stopped at the byte limit', async () => {
    for (let n = 0; n < 3; n += 1) await insertEvent(database, { traceHeader: 'x'.repeat(500) });

    const batches = [];
    for (let n = 0; n < 2; n += 1) batches.push(await claimBatch(database, { maxStateBytes: 2000 }));

    expect(batches.map(({ events, more }) => [events.length, more])).toEqual([
      [2, true],
      [1, false],
    ]);
  });

  test('a claim reports no more due events when the batch took all of them', async () => {
    await insertEvents(database, 3);

    expect(await claimBatch(database)).toMatchObject({ more: false });
  });
});

describe('the byte limit of a batch', () => {
  const bytesOf = (events: readonly object[]) => Buffer.byteLength(JSON.stringify(events));

  test('a batch stays within the byte limit as JSON, whatever the sizes and characters of its events', async () => {
    const sign = fc.constantFrom('x', '"', '\\', '\n', '\u0001', 'é', '😀', '{"a":1}');
    const event = fc.record({
      payload: fc
        .tuple(sign, fc.integer({ min: 0, max: 3000 }))
        .map(([text, times]) => JSON.stringify({ text: text.repeat(times) })),
      eventType: fc.tuple(sign, fc.integer({ min: 1, max: 18 })).map(([text, times]) => text.repeat(times)),
      traceHeader: fc.option(fc.constantFrom('"', '\\', '\u0001', 'x').map((text) => text.repeat(500))),
    });

    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 12 }), fc.integer({ min: 2000, max: 60_000 }), drain),
      { numRuns: 25, endOnFailure: true },
    );

    async function drain(events: NewEvent[], maxStateBytes: number) {
      await database.sql('delete from outbox_events');
      await insertEach(database, events);
      let left = events.length;
      while (left > 0) {
        const batch = await claimBatch(database, { maxStateBytes });
        expect(batch.events.length).toBeGreaterThan(0);
        if (batch.events.length > 1) expect(bytesOf(batch.events)).toBeLessThanOrEqual(maxStateBytes);
        left -= batch.events.length;
        expect(batch.more).toBe(left > 0);
      }
    }
  });

  test('a batch of control characters, which take six bytes each as JSON, stays within the byte limit', async () => {
    const control = { eventType: '\u0001'.repeat(128), traceHeader: '\u0001'.repeat(500) };
    await insertEach(
      database,
      Array.from({ length: 20 }, () => control),
    );

    const { events } = await claimBatch(database, { maxStateBytes: 20_000 });

    expect(bytesOf(events)).toBeLessThanOrEqual(20_000);
  });

  test('a batch of events that have left the order of long keys stays within the byte limit', async () => {
    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload, ordering_key)
       select 'a', 't', '{}', repeat('k', 128) from generate_series(1, 40)`,
    );
    await database.sql('update outbox_events set skipped_at = now()');

    const { events, more } = await claimBatch(database, { maxStateBytes: 8000, maxInlineBytes: 0 });

    expect(events.length).toBeGreaterThan(10);
    expect(more).toBe(true);
    expect(bytesOf(events)).toBeLessThanOrEqual(8000);
  });

  test('a single event larger than the byte limit is claimed and does not block other events', async () => {
    const large = await insertEvent(database, { traceHeader: 'x'.repeat(500) });
    const small = await insertEvent(database);

    const first = await claimBatch(database, { maxStateBytes: 700 });
    const second = await claimBatch(database, { maxStateBytes: 700 });

    expect([idsOf(first), idsOf(second)]).toEqual([[large], [small]]);
    expect([first.more, second.more]).toEqual([true, false]);
  });

  test('a full batch of small events stays within the deployed byte limit', async () => {
    await insertEvents(database, limits.maxEvents + 1);

    const batch = await claimBatch(database);

    expect(batch.events).toHaveLength(limits.maxEvents);
    expect(bytesOf(batch.events)).toBeLessThan(limits.maxStateBytes);
  });
});

describe('claims with the same token', () => {
  test('a repeated claim with the same token returns the same batch and counts the attempts once', async () => {
    await insertEvents(database, 5);
    const first = await claimBatch(database, { maxEvents: 3 });

    const second = await claimBatch(database, { maxEvents: 3, leaseToken: first.leaseToken });

    expect(second.events).toEqual(first.events);
    expect(second.more).toBe(true);
    const rows = await database.sql('select attempts from outbox_events order by sequence');
    expect(rows.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 0, 0]);
  });

  test('a repeated claim returns the same batch even after its lease has expired', async () => {
    await insertEvents(database, 2);
    const first = await claimBatch(database);
    await database.sql(`update outbox_events set due_at = now() - interval '1 second'`);

    const second = await claimBatch(database, { leaseToken: first.leaseToken });

    expect(second.events).toEqual(first.events);
  });

  test('a repeated claim leaves out events that already have an outcome', async () => {
    const [first = '', second = ''] = await insertEvents(database, 2);
    const { leaseToken } = await claimBatch(database);
    await markProcessed(database.dataApi, [{ eventId: first, eventBridgeId: randomUUID() }]);

    expect(idsOf(await claimBatch(database, { leaseToken }))).toEqual([second]);
  });
});
