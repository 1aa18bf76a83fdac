import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { waitUntilBlocked } from '../support/blocked-sessions.ts';
import { claimBatch } from '../support/claiming.ts';
import {
  dryRunEdit,
  type GuideEvent,
  guideTables,
  moveOver,
  moveScript,
  pageBlock,
  removeGuideTable,
  runScript,
  writeAsBefore,
} from '../support/guide-table.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase();

/** A uuid that ends with the number. */
const uuid = (n: number) => `0192f3a4-0000-7000-8000-${String(n).padStart(12, '0')}`;
const write = (event: GuideEvent) => writeAsBefore(database.sql, event);
const outbox = () =>
  database.sql(
    'select id, status, last_error_type, payload, due_at = ready_at as due, created_at from outbox_events order by sequence',
  );
const guide = () => database.sql('select id, status, "processedAt" from "OutboxEvent" order by id');
const moved = { status: 'PROCESSED', processedAt: null };

describe.each(['prisma', 'uuid'] as const)('a table with ids of the kind %s', (kind) => {
  beforeEach(async () => {
    await removeGuideTable(database);
    await database.sql(guideTables[kind]);
  });

  test('each unfinished row gets the status that it needs, and finished rows stay in their table', async () => {
    const createdAt = '2026-01-02T03:04:05.678Z';
    await write({ id: uuid(1), status: 'PENDING', createdAt });
    await write({ id: uuid(2), status: 'PROCESSING' });
    await write({ id: uuid(3), status: 'FAILED' });
    await write({ id: uuid(4), status: 'PROCESSED', processedAt: createdAt });

    expect(await moveOver(database)).toEqual([]);

    expect(await outbox()).toMatchObject([
      { id: uuid(1), status: 'PENDING', last_error_type: null, due: true, created_at: new Date(createdAt) },
      { id: uuid(2), status: 'FAILED', last_error_type: 'MovedWhileProcessing', due: null },
      { id: uuid(3), status: 'FAILED', last_error_type: 'MovedAfterFailure', due: null },
    ]);
    expect(await guide()).toEqual([
      { id: uuid(1), ...moved },
      { id: uuid(2), ...moved },
      { id: uuid(3), ...moved },
      { id: uuid(4), status: 'PROCESSED', processedAt: expect.any(Date) },
    ]);
  });

  test('events are claimed in the order in which they were written, with an unchanged detail', async () => {
    await write({ id: uuid(1), createdAt: '2026-01-03T00:00:00Z', payload: '{"n": 1}' });
    await write({ id: uuid(2), createdAt: '2026-01-02T00:00:00Z', payload: '{"n": 2}' });

    await moveOver(database);

    const { events } = await claimBatch(database);
    expect(events.map(({ detail = '' }) => JSON.parse(detail) as unknown)).toEqual([
      { n: 2, aggregateId: expect.any(String), eventId: uuid(2) },
      { n: 1, aggregateId: expect.any(String), eventId: uuid(1) },
    ]);
  });

  test('events that old writers insert later are moved at once', async () => {
    await moveOver(database);

    await write({ id: uuid(1), payload: '{"n": 1}' });

    expect(await outbox()).toMatchObject([{ id: uuid(1), status: 'PENDING', due: true, payload: { n: 1 } }]);
    expect(await guide()).toEqual([{ id: uuid(1), ...moved }]);
    expect(await database.sql(pageBlock('old-writers'))).toMatchObject([
      { eventType: 'dish.created', count: '1' },
    ]);
  });

  test('the way back returns all events, and they can be moved again', async () => {
    for (const n of [1, 2, 3, 4, 5]) await write({ id: uuid(n) });
    await moveOver(database);
    await database.sql(`update outbox_events set status = 'PROCESSING', lease_token = id where id = $1`, [
      uuid(2),
    ]);
    await database.sql(
      `update outbox_events set status = 'FAILED', failed_at = now(), due_at = null where id = $1`,
      [uuid(3)],
    );
    await database.sql(
      `update outbox_events set status = 'PROCESSED', processed_at = now(), due_at = null where id = $1`,
      [uuid(4)],
    );
    await database.sql('delete from outbox_events where id = $1', [uuid(5)]);
    await database.sql(
      `insert into outbox_events (id, aggregate_id, event_type, payload) values ($1, $2, 'new', '{"n": 1.10}')`,
      [uuid(6), uuid(0)],
    );

    await runScript(database, pageBlock('way-back'));

    expect(await guide()).toEqual([
      { id: uuid(1), status: 'PENDING', processedAt: null },
      { id: uuid(2), status: 'FAILED', processedAt: null },
      { id: uuid(3), status: 'FAILED', processedAt: null },
      { id: uuid(4), status: 'PROCESSED', processedAt: expect.any(Date) },
      { id: uuid(5), ...moved },
      { id: uuid(6), status: 'PENDING', processedAt: null },
    ]);
    await write({ id: uuid(7) });
    expect(await outbox()).toMatchObject([{ id: uuid(4), status: 'PROCESSED' }]);

    expect(await moveOver(database)).toEqual([]);
    const again = (await outbox()).map(({ id, status }) => [id, status]).sort();
    expect(again).toEqual([
      [uuid(1), 'PENDING'],
      [uuid(2), 'FAILED'],
      [uuid(3), 'FAILED'],
      [uuid(4), 'PROCESSED'],
      [uuid(6), 'PENDING'],
      [uuid(7), 'PENDING'],
    ]);
  });
});

describe('the script that moves events', () => {
  beforeEach(async () => {
    await removeGuideTable(database);
    await database.sql(guideTables.prisma);
  });

  test('an id that is not a uuid always becomes the same uuid', async () => {
    const cuid = 'cm4x0000000001';
    await write({ id: cuid, createdAt: '2026-11-23T12:00:00Z' });
    await write({ id: uuid(1).toUpperCase(), createdAt: '2026-11-23T12:00:01Z' });
    await moveOver(database);

    const [first, second] = (await outbox()).map(({ id }) => id as string);
    expect(first?.replaceAll('-', '')).toBe(createHash('md5').update(cuid).digest('hex'));
    expect(second).toBe(uuid(1));
  });

  test('no event is moved twice, even when the outbox has purged it', async () => {
    await write({ id: uuid(1) });
    await moveOver(database);
    expect(await database.sql(pageBlock('missing'))).toEqual([]);
    await moveOver(database);
    expect(await outbox()).toHaveLength(1);
    await database.sql('delete from outbox_events');

    await moveOver(database);

    expect(await outbox()).toEqual([]);
    expect(await database.sql(pageBlock('missing'))).toEqual([{ id: uuid(1) }]);
  });

  test.each([
    ['', moveScript],
    [', also in a checkout that ends its lines with CRLF', moveScript.replaceAll('\n', '\r\n')],
  ])('the script changes nothing when its last line is edited as the page says%s', async (_, script) => {
    await write({ id: uuid(1) });
    await write({ id: uuid(2), payload: '[]' });
    const dryRun = execFileSync('sed', [dryRunEdit], { input: script, encoding: 'utf8' });

    expect(await runScript(database, dryRun)).toMatchObject([{ id: uuid(2) }]);

    expect(await outbox()).toEqual([]);
    await write({ id: uuid(3) });
    expect(await outbox()).toEqual([]);
  });

  test('the script misses no writer, neither one with an open transaction nor one that writes meanwhile', async () => {
    const early = await database.connect();
    await early.query('begin');
    await early.query(`insert into "OutboxEvent" values ($1, 'a', 'b', '{}')`, [uuid(1)]);
    const script = moveOver(database);
    await waitUntilBlocked(database, 1);
    const late = write({ id: uuid(2) });
    await waitUntilBlocked(database, 2);

    await early.query('commit');
    early.release();
    await Promise.all([script, late]);

    expect((await outbox()).map(({ id }) => id)).toEqual([uuid(1), uuid(2)]);
  });

  test('the queries of the page show what is left', async () => {
    await write({ id: uuid(1) });
    await write({ id: uuid(2), status: 'PROCESSING' });
    await write({ id: uuid(3), payload: '[]' });
    await moveOver(database);

    expect(await database.sql(pageBlock('left'))).toMatchObject([{ status: 'PENDING', count: '1' }]);
    expect(await database.sql(pageBlock('became'))).toEqual(
      expect.arrayContaining([
        { status: 'PENDING', last_error_type: null, count: '1' },
        { status: 'FAILED', last_error_type: 'MovedWhileProcessing', count: '1' },
      ]),
    );
    await database.sql(pageBlock('close'));
    expect(await outbox()).toMatchObject([{ id: uuid(1) }]);
    await expect(database.sql(pageBlock('clean-up'))).rejects.toThrow(/^nothing was dropped\. 1 events/);
    await database.sql(`delete from "OutboxEvent" where id = '${uuid(3)}'`);
    await database.sql(pageBlock('clean-up'));
  });
});
