import { beforeEach, describe, expect, test } from '@jest/globals';
import { markProcessed } from '../../outbox/mark-processed.ts';
import { readDetail } from '../../outbox/read-detail.ts';
import { release } from '../../outbox/release.ts';
import { requeue } from '../../outbox/requeue.ts';
import { skip } from '../../outbox/skip.ts';
import { waitUntilBlocked } from '../support/blocked-sessions.ts';
import { claimBatch, idsOf } from '../support/claiming.ts';
import { backoff, fail, failed, published } from '../support/marking.ts';
import { emptyOutbox, insertOneByOne, insertOrdered, placesOf, queuedKey } from '../support/ordered-rows.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvents, makeDue, readEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();

beforeEach(() => emptyOutbox(database));

const publish = (ids: readonly string[]) =>
  markProcessed(
    database.dataApi,
    ids.map((id) => published(id, `accepted-${id}`)),
  );

/** The leases of these events run out, and their keys are due. */
async function expire(): Promise<void> {
  await makeDue(database);
  await database.sql('update outbox_ordering_queue set due_at = now() where due_at is not null');
}

describe('a claim of ordered events', () => {
  test('a claim takes the first events of a key in their order, and each names the one before it', async () => {
    const ids = await insertOneByOne(database, ['a', 'b', 'a', 'a']);

    const { events } = await claimBatch(database);

    const [first, other, second, third] = events;
    expect(idsOf({ events } as never)).toEqual(ids);
    expect(placesOf(events)).toEqual([
      { eventId: ids[0], orderingKey: 'a', sequence: first?.sequence, previousSequence: null },
      { eventId: ids[1], orderingKey: 'b', sequence: other?.sequence, previousSequence: null },
      { eventId: ids[2], orderingKey: 'a', sequence: second?.sequence, previousSequence: first?.sequence },
      { eventId: ids[3], orderingKey: 'a', sequence: third?.sequence, previousSequence: second?.sequence },
    ]);
  });

  test('the detail of an ordered event has its place, inline and read by its id, and no name of the payload hides it', async () => {
    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload, ordering_key)
       values ('o', 't', '{"sequence": "mine", "previousSequence": 1, "orderingKey": "mine", "n": 1}', 'a')`,
    );

    const [event] = (await claimBatch(database)).events;

    expect(JSON.parse(event?.detail ?? '')).toEqual({
      n: 1,
      aggregateId: 'o',
      eventId: event?.eventId,
      orderingKey: 'a',
      sequence: event?.sequence,
      previousSequence: null,
    });
    expect(await readDetail(database.dataApi, event?.eventId ?? '')).toBe(event?.detail);
    const { detail_bytes, state_bytes } = await readEvent(database, event?.eventId ?? '');
    expect(detail_bytes).toBeGreaterThanOrEqual(Buffer.byteLength(event?.detail ?? ''));
    expect(state_bytes).toBeGreaterThanOrEqual(Buffer.byteLength(JSON.stringify(event?.detail)) - 2);
  });

  test('an event without a key is claimed byte for byte as before', async () => {
    await database.sql(
      `insert into outbox_events (id, aggregate_id, event_type, payload)
       values ('00000000-0000-4000-8000-000000000001', 'o', 't', '{"sequence": 7, "orderingKey": "mine"}')`,
    );

    const [event] = (await claimBatch(database)).events;

    expect(Object.keys(event ?? {}).sort()).toEqual([
      'attempts',
      'createdAt',
      'detail',
      'eventId',
      'eventType',
    ]);
    expect(event?.detail).toBe(
      '{"eventId": "00000000-0000-4000-8000-000000000001", "sequence": 7, "aggregateId": "o", "orderingKey": "mine"}',
    );
    expect(await readEvent(database, event?.eventId ?? '')).toMatchObject({
      detail_bytes: event?.detail?.length,
      state_bytes: JSON.stringify(event?.detail).length - 2,
    });
  });

  test('a key is held by one run at a time, and a claim that is repeated answers with the same events', async () => {
    await insertOneByOne(database, ['a', 'a', 'a']);
    const first = await claimBatch(database, { maxPerKey: 2 });

    expect(first.events).toHaveLength(2);
    expect(first.more).toBe(true);
    expect((await claimBatch(database)).events).toEqual([]);
    expect((await claimBatch(database, { leaseToken: first.leaseToken })).events).toEqual(first.events);
  });

  test('of two claims at once, each takes other keys, and no key is shared', async () => {
    await insertOneByOne(database, ['a', 'a', 'b', 'b', 'c', 'c']);

    const batches = await Promise.all([1, 2, 3].map(() => claimBatch(database, { maxEvents: 4 })));

    const keys = batches.map(({ events }) => [...new Set(events.map(({ orderingKey }) => orderingKey))]);
    expect(keys.flat().toSorted()).toEqual(['a', 'b', 'c']);
  });

  test('an event that was tried before goes alone', async () => {
    const [first, second] = await insertOneByOne(database, ['a', 'a']);
    await claimBatch(database);
    await expire();

    expect(idsOf(await claimBatch(database))).toEqual([first]);
    await publish([first ?? '']);
    expect(idsOf(await claimBatch(database))).toEqual([second]);
  });

  test('an event whose detail has to be read is the first of its list', async () => {
    await insertOneByOne(database, ['a']);
    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload, ordering_key)
       values ('o', 't', jsonb_build_object('text', repeat('x', 70000)), 'a')`,
    );
    const first = await claimBatch(database);
    expect(first.events).toHaveLength(1);
    await publish(idsOf(first));

    const second = await claimBatch(database);

    expect(second.events.map(({ detail }) => detail)).toEqual([undefined]);
    expect(second.events[0]?.previousSequence).toBe(first.events[0]?.sequence);
  });

  test.each([1, 2, 7])('with batches of %i, neither kind of event starves', async (maxEvents) => {
    await insertOneByOne(
      database,
      Array.from({ length: 20 }, (_, index) => `key ${index}`),
    );
    await insertEvents(database, 20);

    const kinds = new Set<string>();
    for (let claims = 0; claims < 30 && kinds.size < 2; claims += 1) {
      const { events } = await claimBatch(database, { maxEvents });
      for (const { orderingKey } of events) kinds.add(orderingKey === undefined ? 'without' : 'with');
    }

    expect([...kinds].sort()).toEqual(['with', 'without']);
  });

  test('either kind fills the batch when the other has less than a half', async () => {
    await insertOneByOne(database, ['a', 'b']);
    await insertEvents(database, 20);
    expect((await claimBatch(database, { maxEvents: 10 })).events).toHaveLength(10);

    await emptyOutbox(database);
    await insertOneByOne(
      database,
      Array.from({ length: 20 }, (_, index) => `key ${index}`),
    );
    await insertEvents(database, 2);
    const { events, more } = await claimBatch(database, { maxEvents: 10 });
    expect(events.filter(({ orderingKey }) => orderingKey === undefined)).toHaveLength(2);
    expect(events).toHaveLength(10);
    expect(more).toBe(true);
  });

  test('a long transaction of one key delays no other key', async () => {
    const client = await database.connect();
    await client.query('begin');
    await insertOrdered(client, ['slow']);
    const ids = await insertOneByOne(database, ['fast']);

    expect(idsOf(await claimBatch(database))).toEqual(ids);

    await client.query('commit');
    client.release();
    await database.sql('update outbox_ordering_queue set due_at = now()');
    expect((await claimBatch(database)).events.map(({ orderingKey }) => orderingKey)).toEqual(['slow']);
  });

  test('a key with nothing left is looked at again soon while a producer has it locked', async () => {
    const [id] = await insertOneByOne(database, ['a']);
    await claimBatch(database);
    await publish([id ?? '']);
    const client = await database.connect();
    await client.query('begin');
    await insertOrdered(client, ['a']);

    await claimBatch(database);
    expect(await queuedKey(database, 'a')).toMatchObject({ blocked: false });

    await client.query('commit');
    client.release();
    await database.sql('update outbox_ordering_queue set due_at = now()');
    expect((await claimBatch(database)).events).toMatchObject([{ orderingKey: 'a' }]);
  });

  test('an event that a producer commits while a claim finds its key empty is not forgotten', async () => {
    await insertOneByOne(database, ['a', 'b', 'b']);
    await publish(idsOf(await claimBatch(database, { maxPerKey: 1 })));
    const [{ definition } = { definition: '' }] = await database.sql<{ definition: string }>(
      `select pg_get_functiondef('outbox_claimed_bytes'::regproc) as definition`,
    );
    const client = await database.connect();
    await client.query('select pg_advisory_lock(42)');
    // The claim stops here while it looks at the event of "b", after its snapshot showed none of "a".
    await database.sql(
      `create or replace function outbox_claimed_bytes(
         event_type text, trace_header text, ordering_key text
       ) returns integer language plpgsql as $$ begin perform pg_advisory_xact_lock_shared(42); return 300; end $$`,
    );
    try {
      const claiming = claimBatch(database);
      await waitUntilBlocked(database, 1);
      const [id] = await insertOneByOne(database, ['a']);
      await client.query('select pg_advisory_unlock(42)');
      await claiming;

      expect(idsOf(await claimBatch(database))).toEqual([id]);
    } finally {
      client.release(true);
      await database.sql(definition);
    }
  });

  test.each([
    [0, 0],
    [1, 1],
  ])('a list ends before the event that another session has locked (%i)', async (locked, taken) => {
    const ids = await insertOneByOne(database, ['a', 'a', 'a']);
    const client = await database.connect();
    await client.query('begin');
    await client.query('select from outbox_events where id = $1 for update', [ids[locked]]);

    const { events } = await claimBatch(database);

    await client.query('rollback');
    client.release();
    expect(events.map(({ eventId }) => eventId)).toEqual(ids.slice(0, taken));
    await database.sql('update outbox_ordering_queue set due_at = now() where busy_since is not null');
    if (taken === 0) expect(idsOf(await claimBatch(database))).toEqual(ids);
  });

  test('what the bus accepted last is remembered while the key is idle', async () => {
    const [id] = await insertOneByOne(database, ['a']);
    const [first] = (await claimBatch(database)).events;
    await publish([id ?? '']);
    await claimBatch(database);
    expect(await queuedKey(database, 'a')).toBeUndefined();
    await database.sql(`delete from outbox_events where status = 'PROCESSED'`);

    await insertOneByOne(database, ['a']);

    expect((await claimBatch(database)).events[0]?.previousSequence).toBe(first?.sequence);
  });
});

describe('an outcome', () => {
  test.each(['a success', 'a failure'])(
    '%s waits for a claim that is looking at its key, so that the key does not sleep',
    async (outcome) => {
      const [first = '', second] = await insertOneByOne(database, ['a', 'a']);
      const { leaseToken } = await claimBatch(database, { maxPerKey: 1 });
      // The outcome's snapshot says that the key is due, and the claim is about to replace that.
      await database.sql('update outbox_ordering_queue set due_at = now()');
      const client = await database.connect();
      await client.query('begin');
      await client.query(`select from outbox_ordering_queue where ordering_key = 'a' for update`);
      await client.query(`update outbox_ordering_queue set due_at = now() + interval '5 minutes'`);

      const marked =
        outcome === 'a success' ? publish([first]) : fail(database, leaseToken, [failed(first, 'not sent')]);
      await waitUntilBlocked(database, 1);
      await client.query('commit');
      client.release();
      await marked;

      expect(idsOf(await claimBatch(database))[0]).toBe(outcome === 'a success' ? second : first);
    },
  );

  test('an event that was not sent is due at once, and no attempt is consumed', async () => {
    const [first, second, third] = await insertOneByOne(database, ['a', 'a', 'a']);
    const { leaseToken } = await claimBatch(database);
    await publish([first ?? '']);

    const recorded = await fail(database, leaseToken, [
      failed(second ?? '', 'transient'),
      failed(third ?? '', 'not sent', 'NotSent'),
    ]);

    expect(recorded).toEqual({ recorded: 2, failedForGood: 0, lost: [], notSent: 1 });
    expect(await readEvent(database, third ?? '')).toMatchObject({
      status: 'PENDING',
      attempts: 0,
      last_error_type: 'NotSent',
    });
    // The event before it is in backoff, and so is the key.
    expect((await claimBatch(database)).events).toEqual([]);
    await expire();
    expect(idsOf(await claimBatch(database))).toEqual([second]);
  });

  test('a failed event blocks its key, its redrive lets it go on', async () => {
    const [first, second] = await insertOneByOne(database, ['a', 'a', 'b']);
    const { leaseToken, events } = await claimBatch(database);
    await fail(database, leaseToken, [
      failed(first ?? '', 'permanent'),
      failed(second ?? '', 'not sent', 'NotSent'),
    ]);
    await publish([events[2]?.eventId ?? '']);
    expect((await claimBatch(database)).events).toEqual([]);
    expect(await queuedKey(database, 'a')).toMatchObject({ blocked: true });
    expect(await database.sql('select blocked_keys from outbox_backlog')).toEqual([{ blocked_keys: '1' }]);

    await requeue(database.dataApi, 'redrive', {}, { limit: 10, batch: 10 });

    expect(idsOf(await claimBatch(database))).toEqual([first, second]);
  });

  test.each([
    ['a later success of it', (id: string) => publish([id])],
    ['the deletion of it', (id: string) => database.sql('delete from outbox_events where id = $1', [id])],
    [
      'a redrive by the statement of an older release',
      (id: string) =>
        database.sql(
          `update outbox_events set status = 'PENDING', due_at = ready_at, failed_at = null, attempts = 0 where id = $1`,
          [id],
        ),
    ],
  ])('the key of a failed event goes on after %s', async (_, unblock) => {
    const [first] = await insertOneByOne(database, ['a', 'a']);
    const { leaseToken } = await claimBatch(database, { maxPerKey: 1 });
    await fail(database, leaseToken, [failed(first ?? '', 'permanent')]);
    expect((await claimBatch(database)).events).toEqual([]);

    await unblock(first ?? '');

    expect((await claimBatch(database)).events.length).toBeGreaterThan(0);
  });

  test('with "continue" the others pass a failed event, and name the one before it', async () => {
    const [first, second, third] = await insertOneByOne(database, ['a', 'a', 'a']);
    const { leaseToken, events } = await claimBatch(database);
    await publish([first ?? '']);
    await fail(database, leaseToken, [failed(second ?? '', 'permanent'), failed(third ?? '', 'not sent')], {
      skipFailed: true,
    });

    const next = await claimBatch(database);

    expect(placesOf(next.events)).toMatchObject([{ eventId: third, previousSequence: events[0]?.sequence }]);
  });

  test('with "continue" the others pass an event whose last attempt ended without an outcome', async () => {
    const [first, second] = await insertOneByOne(database, ['a', 'a']);
    await claimBatch(database, { maxPerKey: 1 });
    await expire();

    const failing = await claimBatch(database, { maxAttempts: 1, skipFailed: true });
    expect(failing).toMatchObject({ events: [], failedForGood: 1 });
    expect(await readEvent(database, first ?? '')).toMatchObject({ status: 'FAILED' });

    expect(idsOf(await claimBatch(database, { skipFailed: true }))).toEqual([second]);
  });

  test('the released events of a run wait for their backoff, and so does their key', async () => {
    const [first] = await insertOneByOne(database, ['a', 'a']);
    const { leaseToken } = await claimBatch(database);

    await release(database.dataApi, leaseToken, failed('', 'transient'), backoff);

    expect((await claimBatch(database)).events).toEqual([]);
    await expire();
    expect(idsOf(await claimBatch(database))).toEqual([first]);
  });
});

test.each(['delete from outbox_events', 'truncate outbox_events'])(
  'after "%s" a key that was leased goes on at once',
  async (statement) => {
    await insertOneByOne(database, ['a']);
    await claimBatch(database);

    await database.sql(statement);
    const [id] = await insertOneByOne(database, ['a']);

    expect(idsOf(await claimBatch(database))).toEqual([id]);
  },
);

describe('skipping a failed event', () => {
  async function failFirst() {
    const ids = await insertOneByOne(database, ['a', 'a']);
    const { leaseToken } = await claimBatch(database, { maxPerKey: 1 });
    await fail(database, leaseToken, [failed(ids[0] ?? '', 'permanent')]);
    await claimBatch(database);
    return ids;
  }

  test('the events behind a skipped one pass, and who skipped it stays recorded', async () => {
    const [first = '', second] = await failFirst();

    const skipped = await skip(database.dataApi, first, 'Ada', 'bad data');

    expect(skipped).toEqual({
      eventId: first,
      orderingKey: 'a',
      since: expect.any(String),
      by: 'Ada',
      reason: 'bad data',
    });
    expect(await skip(database.dataApi, first, 'Bob')).toEqual(skipped);
    expect(placesOf((await claimBatch(database)).events)).toMatchObject([
      { eventId: second, previousSequence: null },
    ]);
  });

  test('a redriven event that was skipped is published without a place, and no later event names it', async () => {
    const [first = '', second = ''] = await failFirst();
    await skip(database.dataApi, first, 'Ada');
    const [passing] = (await claimBatch(database)).events;
    await requeue(database.dataApi, 'redrive', { eventIds: [first] }, { limit: 1, batch: 1 });

    const [redriven] = (await claimBatch(database)).events;

    expect(redriven).toMatchObject({ eventId: first, orderingKey: 'a' });
    expect(redriven).not.toHaveProperty('sequence');
    const detail = JSON.parse(redriven?.detail ?? '') as object;
    expect(detail).toEqual({ aggregateId: 'order-1', eventId: first, orderingKey: 'a' });
    expect(await readDetail(database.dataApi, first)).toBe(redriven?.detail);
    await publish([second, first]);
    await insertOneByOne(database, ['a']);
    expect((await claimBatch(database)).events[0]?.previousSequence).toBe(passing?.sequence);
  });

  test('an event that is missing, not ordered or not failed is not skipped', async () => {
    const [ordered = ''] = await insertOneByOne(database, ['a']);
    const [unordered = ''] = await insertEvents(database, 1);
    const missing = '00000000-0000-4000-8000-000000000009';

    await expect(skip(database.dataApi, ordered, 'Ada')).rejects.toThrow(`event ${ordered} is PENDING`);
    await expect(skip(database.dataApi, unordered, 'Ada')).rejects.toThrow('has no ordering key');
    await expect(skip(database.dataApi, missing, 'Ada')).rejects.toThrow('is not in the outbox');
    expect(await database.sql('select from outbox_events where skipped_at is not null')).toEqual([]);
  });
});

describe('the handlers of release 0.2.0', () => {
  test('the function that they call takes no ordered event', async () => {
    await insertOneByOne(database, ['a', 'a']);
    const [unordered] = await insertEvents(database, 1);

    const rows = await database.sql<{ id: string | null; more: boolean | null }>(
      `select id, more from claim_outbox_events(gen_random_uuid(), 'run', 10, 240000, 60000, 330, 8)`,
    );

    expect(rows).toEqual([
      { id: unordered, more: null },
      { id: null, more: false },
    ]);
  });
});
