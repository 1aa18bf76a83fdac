import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { markProcessed } from '../../outbox/mark-processed.ts';
import { claimBatch } from '../support/claiming.ts';
import { fail, failed, published } from '../support/marking.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvent, insertEvents, makeDue, readEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();
const mark = (outcomes: Parameters<typeof markProcessed>[1]) => markProcessed(database.dataApi, outcomes);

beforeEach(() => database.sql('delete from outbox_events'));

test('a published event is processed, has its EventBridge id and is never due again', async () => {
  const id = await insertEvent(database);
  const { leaseToken } = await claimBatch(database);

  expect(await mark([published(id, 'bus-1')])).toMatchObject({ recorded: 1, failedForGood: 0, lost: [] });

  const row = await readEvent(database, id);
  expect(row).toMatchObject({
    status: 'PROCESSED',
    event_bridge_id: 'bus-1',
    due_at: null,
    failed_at: null,
    attempts: 1,
    lease_token: leaseToken,
  });
  expect(row.processed_at).toBeInstanceOf(Date);
});

test('the longest delay is reported, measured from when an event could first be published', async () => {
  const [first = '', second = ''] = await insertEvents(database, 2);
  await database.sql(`update outbox_events set ready_at = now() - interval '1 hour' where id = $1`, [first]);
  await claimBatch(database);

  const { maxDelayMs = 0 } = await mark([published(first), published(second)]);

  expect(maxDelayMs).toBeGreaterThanOrEqual(3_600_000);
  expect(maxDelayMs).toBeLessThan(3_660_000);
});

test('a success after failures removes the stored error', async () => {
  const id = await insertEvent(database);
  const { leaseToken } = await claimBatch(database);
  await fail(database, leaseToken, [failed(id, 'transient')]);
  await makeDue(database);
  await claimBatch(database);

  await mark([published(id)]);

  expect(await readEvent(database, id)).toMatchObject({
    last_error_type: null,
    last_error: null,
    attempts: 2,
  });
});

describe('a success without the lease', () => {
  test('a success is recorded when another run has reclaimed the event', async () => {
    const id = await insertEvent(database);
    await claimBatch(database);
    await makeDue(database);
    await claimBatch(database);

    expect(await mark([published(id)])).toMatchObject({ recorded: 1, lost: [] });
    expect(await readEvent(database, id)).toMatchObject({ status: 'PROCESSED' });
  });

  test('a success is recorded when the event is pending again in backoff', async () => {
    const id = await insertEvent(database);
    const { leaseToken } = await claimBatch(database);
    await fail(database, leaseToken, [failed(id, 'transient')]);

    expect(await mark([published(id)])).toMatchObject({ recorded: 1, lost: [] });
    expect(await readEvent(database, id)).toMatchObject({ status: 'PROCESSED', due_at: null });
  });

  test('a success is recorded when the event has failed for good', async () => {
    const id = await insertEvent(database);
    await claimBatch(database, { maxAttempts: 1 });
    await makeDue(database);
    await claimBatch(database, { maxAttempts: 1 });
    expect(await readEvent(database, id)).toMatchObject({
      status: 'FAILED',
      last_error_type: 'LeaseExpired',
    });

    expect(await mark([published(id)])).toMatchObject({ recorded: 1, lost: [] });
    expect(await readEvent(database, id)).toMatchObject({
      status: 'PROCESSED',
      failed_at: null,
      last_error: null,
    });
  });
});

describe('repeated successes', () => {
  test('repeated successes change nothing and none is reported as lost', async () => {
    const ids = await insertEvents(database, 3);
    await claimBatch(database);
    const outcomes = ids.map((id) => published(id));
    await mark(outcomes);
    const before = await Promise.all(ids.map((id) => readEvent(database, id)));

    expect(await mark(outcomes)).toEqual({ recorded: 0, failedForGood: 0, lost: [] });

    expect(await Promise.all(ids.map((id) => readEvent(database, id)))).toEqual(before);
  });

  test('a success with a second EventBridge id is reported as lost, because the event was published twice', async () => {
    const id = await insertEvent(database);
    await claimBatch(database);
    await mark([published(id, 'first')]);

    expect(await mark([published(id, 'second')])).toEqual({ recorded: 0, failedForGood: 0, lost: [id] });
    expect(await readEvent(database, id)).toMatchObject({ event_bridge_id: 'first' });
  });

  test('the same success twice in one call counts once', async () => {
    const id = await insertEvent(database);
    await claimBatch(database);

    expect(await mark([published(id, 'first'), published(id, 'first')])).toMatchObject({
      recorded: 1,
      failedForGood: 0,
      lost: [],
    });
  });
});

test('a success without a row is reported as lost, and the others in the call are recorded', async () => {
  const id = await insertEvent(database);
  await claimBatch(database);
  const missing = randomUUID();

  expect(await mark([published(missing), published(id)])).toMatchObject({
    recorded: 1,
    failedForGood: 0,
    lost: [missing],
  });
});

test('200 successes are recorded in one call', async () => {
  const ids = await insertEvents(database, 200);
  await claimBatch(database);

  expect(await mark(ids.map((id) => published(id)))).toMatchObject({
    recorded: 200,
    failedForGood: 0,
    lost: [],
  });

  const rows = await database.sql<{ status: string; bus_ids: number }>(
    `select status, cast(count(distinct event_bridge_id) as integer) as bus_ids from outbox_events group by status`,
  );
  expect(rows).toEqual([{ status: 'PROCESSED', bus_ids: 200 }]);
});

test('an empty list of successes is allowed', async () => {
  expect(await mark([])).toEqual({ recorded: 0, failedForGood: 0, lost: [] });
});
