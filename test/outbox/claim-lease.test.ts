import { beforeEach, describe, expect, test } from '@jest/globals';
import { CallExpired } from '../../outbox/errors.ts';
import { claimBatch, idsOf } from '../support/claiming.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvent, insertEvents, makeDue, readEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();

beforeEach(() => database.sql('delete from outbox_events'));

describe('a lease that ran out', () => {
  test('lets another run claim the row, and counts both attempts', async () => {
    const id = await insertEvent(database);
    const first = await claimBatch(database);
    await makeDue(database);

    const second = await claimBatch(database);

    expect(second).toMatchObject({ reclaimed: 1, failedForGood: 0 });
    expect(second.events).toMatchObject([{ eventId: id, attempts: 2 }]);
    expect(await readEvent(database, id)).toMatchObject({ lease_token: second.leaseToken, attempts: 2 });
    expect(second.leaseToken).not.toBe(first.leaseToken);
  });

  test('is the only way to a row that another run holds', async () => {
    await insertEvent(database);
    await claimBatch(database);

    expect(await claimBatch(database)).toMatchObject({ events: [], more: false, reclaimed: 0 });
  });

  test('does not count as reclaimed for events that come back after a backoff', async () => {
    await insertEvents(database, 2);
    await database.sql(`update outbox_events set attempts = 1, last_error_type = 'InternalFailure'`);

    expect(await claimBatch(database)).toMatchObject({
      reclaimed: 0,
      events: [{ attempts: 2 }, { attempts: 2 }],
    });
  });
});

describe('a claim that nobody waits for any more', () => {
  test('is refused and takes nothing: its events would belong to nobody', async () => {
    const id = await insertEvent(database);

    const claim = claimBatch(database, { expiresAt: Date.now() - 60_000 });

    await expect(claim).rejects.toThrow(CallExpired);
    expect(await readEvent(database, id)).toMatchObject({
      status: 'PENDING',
      attempts: 0,
      lease_token: null,
    });
  });

  test('is one that began in time, and is repeated, until it expires', async () => {
    const id = await insertEvent(database);
    const { leaseToken } = await claimBatch(database, { expiresAt: Date.now() + 60_000 });

    const again = await claimBatch(database, { leaseToken, expiresAt: Date.now() + 60_000 });
    const late = claimBatch(database, { leaseToken, expiresAt: Date.now() - 60_000 });

    expect(idsOf(again)).toEqual([id]);
    await expect(late).rejects.toThrow(CallExpired);
    expect(await readEvent(database, id)).toMatchObject({ status: 'PROCESSING', attempts: 1 });
  });
});

describe('a lease that ran out on the last attempt', () => {
  test('fails the row, says why, and does not hand it out', async () => {
    const id = await insertEvent(database);
    const first = await claimBatch(database, { maxAttempts: 1 });
    await makeDue(database);

    const second = await claimBatch(database, { maxAttempts: 1 });

    expect(second).toMatchObject({ events: [], failedForGood: 1, reclaimed: 0, more: false });
    const row = await readEvent(database, id);
    expect(row).toMatchObject({
      status: 'FAILED',
      attempts: 1,
      due_at: null,
      last_error_type: 'LeaseExpired',
      last_error: expect.stringContaining('may have been published'),
      lease_token: first.leaseToken,
    });
    expect(row.failed_at).toBeInstanceOf(Date);
  });

  test('does not keep the rows beside it from being claimed', async () => {
    const [exhausted = '', ...others] = await insertEvents(database, 4);
    await database.sql('update outbox_events set attempts = 7 where id = $1', [exhausted]);
    await claimBatch(database, { maxEvents: 1 });
    await makeDue(database, [exhausted]);

    const batch = await claimBatch(database);

    expect(idsOf(batch)).toEqual(others);
    expect(batch).toMatchObject({ failedForGood: 1, reclaimed: 0 });
  });

  test('says that more is due when exhausted events have used up the count', async () => {
    await insertEvents(database, 3);
    await claimBatch(database, { maxEvents: 2, maxAttempts: 1 });
    await makeDue(database);

    expect(await claimBatch(database, { maxEvents: 2, maxAttempts: 1 })).toMatchObject({
      events: [],
      failedForGood: 2,
      more: true,
    });
  });
});

test('an event that kills every run that touches it fails for good after its attempts', async () => {
  const poison = await insertEvent(database);
  const attempts: number[] = [];
  for (let crash = 0; crash < 12; crash += 1) {
    const { events } = await claimBatch(database, { maxAttempts: 5 });
    attempts.push(...events.map((event) => event.attempts));
    await makeDue(database);
  }

  expect(attempts).toEqual([1, 2, 3, 4, 5]);
  expect(await readEvent(database, poison)).toMatchObject({ status: 'FAILED', attempts: 5 });
});

describe('an event that waits with no attempt left, because the maximum was lowered,', () => {
  test('fails for good with its own error', async () => {
    const id = await insertEvent(database);
    await database.sql(
      `update outbox_events set attempts = 5, last_error_type = 'InternalFailure', last_error = 'try later'`,
    );

    expect(await claimBatch(database, { maxAttempts: 5 })).toMatchObject({ events: [], failedForGood: 1 });
    expect(await readEvent(database, id)).toMatchObject({
      status: 'FAILED',
      last_error_type: 'InternalFailure',
      last_error: 'try later',
    });
  });

  test('fails for good as AttemptsExhausted when it has none', async () => {
    const id = await insertEvent(database);
    await database.sql('update outbox_events set attempts = 5');

    await claimBatch(database, { maxAttempts: 5 });

    expect(await readEvent(database, id)).toMatchObject({ last_error_type: 'AttemptsExhausted' });
  });
});
