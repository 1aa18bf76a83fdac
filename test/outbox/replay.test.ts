import { beforeEach, describe, expect, test } from '@jest/globals';
import { markReplayed } from '../../outbox/mark-replayed.ts';
import { readDetail } from '../../outbox/read-detail.ts';
import {
  countReplayable,
  lookForLiveEvents,
  nextEvents,
  oldestReplayable,
  type Position,
  type ReplayFilter,
} from '../../outbox/replay.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase();
const replayId = 'arn:aws:states:us-east-1:000000000000:execution:outbox-replay:1';
const startedAt = '2030-01-01T00:00:00Z';
const base = { replayId, startedAt };

/** Processed events 1 to n, a second apart, at most three of them at the same instant. */
async function insertProcessed(count: number, bytes = 1): Promise<void> {
  await database.sql(
    `insert into outbox_events (aggregate_type, aggregate_id, event_type, payload, run_id, status, due_at, processed_at)
     select 'dish', n::text, case when n % 2 = 0 then 'even' else 'odd' end,
       jsonb_build_object('n', n, 'text', repeat('x', $2)), 'run ' || n % 3, 'PROCESSED', null,
       timestamptz '2026-01-01 00:00:00.123456Z' + make_interval(secs => n / 3)
     from generate_series(1, $1::integer) as n`,
    [count, bytes],
  );
}

beforeEach(() => database.sql('truncate outbox_events, outbox_ordering_queue, outbox_ordering_keys'));

const numberIn = ({ detail = '{}' }: { readonly detail?: string }) => (JSON.parse(detail) as { n: number }).n;

/** All events of a replay, page by page. */
async function takeAll(filter: ReplayFilter, most: number): Promise<number[][]> {
  const pages: number[][] = [];
  let position: Position | undefined;
  for (let more = true; more; ) {
    const next = await nextEvents(database.dataApi, base, filter, position, most);
    pages.push(next.events.map(numberIn));
    ({ position, more } = next);
  }
  return pages;
}

describe('the events of a replay', () => {
  test('events come once, page by page, in the order in which they were processed', async () => {
    await insertProcessed(10);

    expect(await takeAll({}, 4)).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [9, 10],
    ]);
    expect(await takeAll({}, 5)).toEqual([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], []]);
  });

  test.each<[string, ReplayFilter, number[]]>([
    ['type', { eventType: 'even' }, [2, 4, 6]],
    ['aggregate', { aggregateId: '3' }, [3]],
    ['aggregate type', { aggregateType: 'dish' }, [1, 2, 3, 4, 5, 6]],
    ['another aggregate type', { aggregateType: 'menu' }, []],
    ['run', { executionArn: 'run 1' }, [1, 4]],
    ['time, from its beginning', { processedAfter: '2026-01-01T00:00:01.123456Z' }, [3, 4, 5, 6]],
    ['time, without its end', { processedBefore: '2026-01-01T00:00:01.123456Z' }, [1, 2]],
    ['several conditions', { eventType: 'odd', executionArn: 'run 1' }, [1]],
  ])('a replay takes and counts exactly what its filter says: %s', async (_, filter, wanted) => {
    await insertProcessed(6);

    expect((await takeAll(filter, 100)).flat()).toEqual(wanted);
    expect(await countReplayable(database.dataApi, filter, 100)).toBe(wanted.length);
  });

  test('a replay takes events by id, each once', async () => {
    await insertProcessed(4);
    const rows = await database.sql<{ id: string }>(
      `select id from outbox_events where aggregate_id in ('4', '2') order by aggregate_id desc`,
    );
    const eventIds = [...rows, ...rows].map(({ id }) => id);

    expect((await takeAll({ eventIds }, 100)).flat()).toEqual([2, 4]);
    expect(await countReplayable(database.dataApi, { eventIds, eventType: 'odd' }, 100)).toBe(0);
  });

  test('a replay takes no event that is not processed, or was processed since it began', async () => {
    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload) values ('a', 'b', '{}')`,
    );
    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload, status, due_at, failed_at) values ('a', 'b', '{}', 'FAILED', null, now())`,
    );
    await insertProcessed(1);

    expect(await countReplayable(database.dataApi, {}, 100)).toBe(1);
    const early = { replayId, startedAt: '2026-01-01T00:00:00Z' };
    expect((await nextEvents(database.dataApi, early, {}, undefined, 10)).events).toEqual([]);
  });

  test('a count ends at its limit, and goes on over any number of statements', async () => {
    await insertProcessed(20_500);

    expect(await countReplayable(database.dataApi, { eventType: 'odd' }, 100_000)).toBe(10_250);
    expect(await countReplayable(database.dataApi, { eventType: 'odd' }, 10_100)).toBe(10_100);
    // One statement looks at 5,000 events; the first match is behind them.
    const next = await nextEvents(database.dataApi, base, { aggregateId: '5001' }, undefined, 10);
    expect(next).toMatchObject({ events: [], more: true });
    const behind = await nextEvents(database.dataApi, base, { aggregateId: '5001' }, next.position, 10);
    expect(behind.events.map(numberIn)).toEqual([5_001]);
  });

  test('an answer stays within the limits of the Data API, whatever the details weigh', async () => {
    await insertProcessed(40, 59_000);

    const pages = await takeAll({}, 100);

    expect(pages.flat()).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(pages.length).toBeGreaterThan(1);
  });

  test('a detail is that of the first publication with the id of the replay, inline and read in slices', async () => {
    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload, trace_header, status, due_at, processed_at)
       values ('7', 'dish.rated', '{"replayId": "of the producer", "big": 9007199254740993}', 'Root=1-5759e988-bd862e3fe1be46a994272793', 'PROCESSED', null, now()),
         ('8', 'dish.rated', jsonb_build_object('text', repeat('é', 40000)), null, 'PROCESSED', null, now())`,
    );

    const { events } = await nextEvents(database.dataApi, base, {}, undefined, 10);

    const [small, large] = events;
    expect(small).toMatchObject({
      detail: expect.stringContaining('"big": 9007199254740993'),
      traceHeader: 'Root=1-5759e988-bd862e3fe1be46a994272793',
      replayId,
    });
    expect(JSON.parse(small?.detail ?? '')).toMatchObject({
      replayId,
      aggregateId: '7',
      eventId: small?.eventId,
    });
    expect(large).not.toHaveProperty('detail');
    const detail = JSON.parse(await readDetail(database.dataApi, large?.eventId ?? '', replayId)) as object;
    expect(detail).toMatchObject({ replayId, aggregateId: '8', text: 'é'.repeat(40_000) });
    expect(await readDetail(database.dataApi, small?.eventId ?? '')).toContain('"of the producer"');
  });

  test('an ordered event names its key and no place, inline and read in slices', async () => {
    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload, ordering_key, status, due_at, processed_at)
       values ('7', 'b', '{"sequence": 1}', 'key', 'PROCESSED', null, now())`,
    );

    const { events } = await nextEvents(database.dataApi, base, {}, undefined, 10);

    const [{ eventId, detail = '' } = { eventId: '' }] = events;
    const expected = { aggregateId: '7', eventId, orderingKey: 'key', replayId };
    expect(JSON.parse(detail)).toEqual(expected);
    expect(JSON.parse(await readDetail(database.dataApi, eventId, replayId))).toEqual(expected);
    expect(events[0]).not.toHaveProperty('sequence');
  });

  test('the oldest processed event tells what was purged', async () => {
    expect(await oldestReplayable(database.dataApi)).toBeUndefined();
    await insertProcessed(3);

    expect(await oldestReplayable(database.dataApi)).toBe('2026-01-01T00:00:00.123456Z');
  });
});

describe('a look for live events', () => {
  const look = (since?: string) => lookForLiveEvents(database.dataApi, since);

  test('what is due goes first; what is due later, failed or processed does not', async () => {
    await insertProcessed(2);
    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload, due_at) values ('a', 'b', '{}', now() + interval '1 hour')`,
    );
    expect(await look()).toMatchObject({ due: false, paused: false });

    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload) values ('a', 'b', '{}')`,
    );

    expect(await look()).toMatchObject({ due: true });
  });

  test('only what was due at an earlier look counts when that look is given', async () => {
    const { lookedAt } = await look();
    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload) values ('a', 'b', '{}')`,
    );

    expect(await look(lookedAt)).toMatchObject({ due: false });
    expect(await look((await look()).lookedAt)).toMatchObject({ due: true });
  });

  test('an ordered event goes first when its key is due, and not while an event before it has failed', async () => {
    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload, ordering_key) values ('a', 'b', '{}', 'key')`,
    );

    expect(await look()).toMatchObject({ due: true });
    await database.sql('update outbox_ordering_queue set due_at = null, blocked_at = now()');
    expect(await look()).toMatchObject({ due: false });
  });

  test('a paused outbox is seen', async () => {
    await database.sql(
      `insert into outbox_installation (owner, paused_at, paused_by) values ('outbox', now(), 'somebody')`,
    );

    expect(await look()).toMatchObject({ paused: true });
    await database.sql('truncate outbox_installation');
  });
});

describe('marking replayed events', () => {
  const rows = () =>
    database.sql(
      `select replays, replay_id as id, replay_reason as reason, replayed_at is not null as dated, status,
         event_bridge_id as bridge from outbox_events order by aggregate_id`,
    );
  const outcomes = async () =>
    (await database.sql<{ id: string }>('select id from outbox_events order by aggregate_id')).map(
      ({ id }, index) => ({ eventId: id, eventBridgeId: `eb-${index}` }),
    );

  test('a mark says when, how often, by which replay and why, and changes nothing else; a repeated one changes nothing', async () => {
    await insertProcessed(2);
    const published = await outcomes();

    const first = await markReplayed(database.dataApi, published, replayId, 'search was down');
    const second = await markReplayed(database.dataApi, published, replayId, 'search was down');
    await markReplayed(database.dataApi, published.slice(1), 'arn:another');

    expect(first).toEqual({ recorded: 2, failedForGood: 0, lost: [] });
    expect(second).toEqual({ recorded: 0, failedForGood: 0, lost: [] });
    const same = { dated: true, status: 'PROCESSED', bridge: null };
    expect(await rows()).toEqual([
      { ...same, replays: 1, id: replayId, reason: 'search was down' },
      { ...same, replays: 2, id: 'arn:another', reason: null },
    ]);
  });

  test('an event that was purged meanwhile is reported, and a locked row is left for another call', async () => {
    await insertProcessed(3);
    const published = await outcomes();
    const [purged = { eventId: '' }, locked = { eventId: '' }] = published;
    await database.sql('delete from outbox_events where id = $1', [purged.eventId]);

    const marked = await markReplayed(database.dataApi, published.slice(0, 1), replayId);
    const holder = await database.connect();
    await holder.query('begin');
    await holder.query('select from outbox_events where id = $1 for update', [locked.eventId]);
    const beside = await markReplayed(database.dataApi, published.slice(1), replayId);
    await holder.query('rollback');
    holder.release();

    expect(marked).toMatchObject({ recorded: 0, lost: [purged.eventId] });
    expect(beside).toMatchObject({ recorded: 1, locked: [locked.eventId] });
  });
});
