import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { markProcessed } from '../../outbox/mark-processed.ts';
import { claimBatch } from '../support/claiming.ts';
import { fail, failed, published } from '../support/marking.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvent, insertEvents, makeDue, readEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();
const kinds = ['permanent', 'transient', 'outage', 'throttled'] as const;

beforeEach(() => database.sql('delete from outbox_events'));

/** A claimed event with this number of attempts. */
async function claimedEvent({ attempts = 1 } = {}) {
  const id = await insertEvent(database);
  await database.sql('update outbox_events set attempts = $2 where id = $1', [id, attempts - 1]);
  const { leaseToken } = await claimBatch(database);
  return { id, leaseToken };
}

test('a permanent failure fails the event for good at once and stores the type and message of the error', async () => {
  const { id, leaseToken } = await claimedEvent();
  const message = `Detail is "malformed": 'it' \\ 😀 :name`;

  const recorded = await fail(database, leaseToken, [
    { eventId: id, kind: 'permanent', errorType: 'MalformedDetail', message },
  ]);

  expect(recorded).toEqual({ recorded: 1, failedForGood: 1, lost: [] });
  const row = await readEvent(database, id);
  expect(row).toMatchObject({ status: 'FAILED', due_at: null, attempts: 1 });
  expect(row).toMatchObject({ last_error_type: 'MalformedDetail', last_error: message });
  expect(row.failed_at).toBeInstanceOf(Date);
});

test.each([
  ['the character zero', 'a\0b'],
  ['half a surrogate pair, where it was cut', 'cut at \ud83d'],
])('an error message with %s does not prevent the outcomes of other events', async (_, message) => {
  const ids = await insertEvents(database, 2);
  const { leaseToken } = await claimBatch(database);
  const failures = ids.map((eventId) => ({ eventId, kind: 'permanent', errorType: 'E', message }) as const);

  expect(await fail(database, leaseToken, failures)).toEqual({ recorded: 2, failedForGood: 2, lost: [] });
  expect((await readEvent(database, ids[0] ?? '')).last_error).toBe(message.replace(/\0|\ud83d/, '\ufffd'));
});

describe('a transient failure', () => {
  test.each([
    [1, 10_000],
    [2, 20_000],
    [3, 40_000],
    [6, 320_000],
    [7, 600_000],
  ])(
    'after attempt %i, a transient failure waits between half of %i seconds and all of it',
    async (attempts, seconds) => {
      const { id, leaseToken } = await claimedEvent({ attempts });

      expect(await fail(database, leaseToken, [failed(id, 'transient')])).toEqual({
        recorded: 1,
        failedForGood: 0,
        lost: [],
      });

      const row = await readEvent(database, id);
      expect(row).toMatchObject({
        status: 'PENDING',
        attempts,
        last_error_type: 'InternalFailure',
        failed_at: null,
      });
      expect(row.due_in).toBeGreaterThan(seconds / 2 - 30);
      expect(row.due_in).toBeLessThanOrEqual(seconds);
    },
  );

  test('a transient failure on the last attempt fails the event for good', async () => {
    const { id, leaseToken } = await claimedEvent({ attempts: 8 });

    expect(await fail(database, leaseToken, [failed(id, 'transient')])).toEqual({
      recorded: 1,
      failedForGood: 1,
      lost: [],
    });

    expect(await readEvent(database, id)).toMatchObject({ status: 'FAILED', attempts: 8, due_at: null });
  });

  test('a transient failure keeps the time at which the event could first be published', async () => {
    const { id, leaseToken } = await claimedEvent();
    const { ready_at } = await readEvent(database, id);

    await fail(database, leaseToken, [failed(id, 'transient')]);

    expect(await readEvent(database, id)).toMatchObject({ ready_at });
  });
});

test('the backoff is within [0.5, 1] of min(max, base x 2^(attempts - 1)), for all attempts and settings', async () => {
  const settings = fc.tuple(
    fc.integer({ min: 1, max: 1_000_000 }),
    fc.integer({ min: 1, max: 3600 }),
    fc.integer({ min: 1, max: 86_400 }),
  );

  await fc.assert(
    fc.asyncProperty(settings, async ([attempts, base, max]) => {
      const whole = Math.min(max, base * 2 ** (attempts - 1));
      const [row] = await database.sql<{ least: number; most: number }>(
        `select min(seconds) as least, max(seconds) as most from (
           select cast(extract(epoch from outbox_backoff($1, $2, $3)) as double precision) as seconds
           from generate_series(1, 200)) as waits`,
        [attempts, base, max],
      );
      const { least, most } = row ?? { least: 0, most: 0 };
      expect(least).toBeGreaterThanOrEqual(whole / 2 - 1e-6);
      expect(most).toBeLessThanOrEqual(whole + 1e-6);
      // Each event gets its own jitter: events that failed together do not all come back at once.
      expect(most - least).toBeGreaterThan(whole / 4);
    }),
    { numRuns: 50, endOnFailure: true },
  );
});

describe('a failed outcome after other changes of its event', () => {
  test('a failed outcome is ignored when another run has reclaimed the event meanwhile', async () => {
    const late = await claimedEvent();
    await makeDue(database);
    const { leaseToken } = await claimBatch(database);
    const before = await readEvent(database, late.id);

    for (const kind of kinds) {
      expect(await fail(database, late.leaseToken, [failed(late.id, kind)])).toEqual({
        recorded: 0,
        failedForGood: 0,
        lost: [late.id],
      });
    }

    expect({ ...(await readEvent(database, late.id)), due_in: 0 }).toEqual({ ...before, due_in: 0 });
    expect(before.lease_token).toBe(leaseToken);
  });

  test('a failed outcome is ignored when the event was published meanwhile', async () => {
    const { id, leaseToken } = await claimedEvent();
    await markProcessed(database.dataApi, [published(id, 'bus-1')]);

    expect(await fail(database, leaseToken, [failed(id, 'permanent')])).toEqual({
      recorded: 0,
      failedForGood: 0,
      lost: [id],
    });
    expect(await readEvent(database, id)).toMatchObject({
      status: 'PROCESSED',
      event_bridge_id: 'bus-1',
      last_error: null,
    });
  });

  test('a failed outcome is ignored when the row no longer exists', async () => {
    const missing = randomUUID();

    expect(await fail(database, randomUUID(), [failed(missing, 'transient')])).toMatchObject({
      lost: [missing],
    });
  });

  test('a failed outcome is ignored when nobody has claimed the event', async () => {
    const id = await insertEvent(database);

    expect(await fail(database, randomUUID(), [failed(id, 'permanent')])).toMatchObject({
      recorded: 0,
      lost: [id],
    });
  });

  test('a failed outcome is recorded after the lease has expired, unless another run has reclaimed the event', async () => {
    const { id, leaseToken } = await claimedEvent();
    await makeDue(database);

    expect(await fail(database, leaseToken, [failed(id, 'transient')])).toMatchObject({
      recorded: 1,
      lost: [],
    });
  });
});

test.each(kinds)('a repeated %s failure is recognized and changes nothing', async (kind) => {
  const { id, leaseToken } = await claimedEvent();
  await fail(database, leaseToken, [failed(id, kind)]);
  const before = await readEvent(database, id);

  expect(await fail(database, leaseToken, [failed(id, kind)])).toEqual({
    recorded: 0,
    failedForGood: 0,
    lost: [],
  });

  const after = await readEvent(database, id);
  expect(after).toEqual({ ...before, due_in: after.due_in });
});

test('200 failures of all kinds are recorded in one call, each with its own outcome', async () => {
  const ids = await insertEvents(database, 200);
  const { leaseToken } = await claimBatch(database);
  const outcomes = ids.map((id, index) => failed(id, kinds[index % 4] ?? 'outage', `Error${index % 4}`));

  expect(await fail(database, leaseToken, outcomes)).toEqual({ recorded: 200, failedForGood: 50, lost: [] });

  const rows = await database.sql(
    `select last_error_type as type, status, attempts, cast(count(*) as integer) as count
     from outbox_events group by 1, 2, 3 order by 1`,
  );
  expect(rows).toEqual([
    { type: 'Error0', status: 'FAILED', attempts: 1, count: 50 },
    { type: 'Error1', status: 'PENDING', attempts: 1, count: 50 },
    { type: 'Error2', status: 'PENDING', attempts: 0, count: 50 },
    { type: 'Error3', status: 'PENDING', attempts: 0, count: 50 },
  ]);
});
