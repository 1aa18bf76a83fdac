import { beforeEach, describe, expect, test } from '@jest/globals';
import { CallExpired } from '../../outbox/errors.ts';
import { claimBatch, idsOf } from '../support/claiming.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvent, insertEvents, makeDue, readEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();

beforeEach(() => database.sql('delete from outbox_events'));

describe('an expired lease', () => {
  test('another run claims a row with an expired lease, and both attempts are counted', async () => {
    const id = await insertEvent(database);
    const first = await claimBatch(database);
    await makeDue(database);

    const second = await claimBatch(database);

    expect(second).toMatchObject({ reclaimed: 1, failedForGood: 0 });
    expect(second.events).toMatchObject([{ eventId: id, attempts: 2 }]);
    expect(await readEvent(database, id)).toMatchObject({ lease_token: second.leaseToken, attempts: 2 });
    expect(second.leaseToken).not.toBe(first.leaseToken);
  });

  test('a row that another run holds cannot be claimed until its lease expires', async () => {
    await insertEvent(database);
    await claimBatch(database);

    expect(await claimBatch(database)).toMatchObject({ events: [], more: false, reclaimed: 0 });
  });

  test('events that come back after a backoff do not count as reclaimed', async () => {
    await insertEvents(database, 2);
    await database.sql(`update outbox_events set attempts = 1, last_error_type = 'InternalFailure'`);

    expect(await claimBatch(database)).toMatchObject({
      reclaimed: 0,
      events: [{ attempts: 2 }, { attempts: 2 }],
    });
  });
});

describe('an expired claim', () => {
  test('a claim after its timeout is refused and takes no events: nobody would publish them', async () => {
    const id = await insertEvent(database);

    const claim = claimBatch(database, { expiresAt: Date.now() - 60_000 });

    await expect(claim).rejects.toThrow(CallExpired);
    expect(await readEvent(database, id)).toMatchObject({
      status: 'PENDING',
      attempts: 0,
      lease_token: null,
    });
  });

  test('a claim within its timeout can be repeated with the same token until it expires', async () => {
    const id = await insertEvent(database);
    const { leaseToken } = await claimBatch(database, { expiresAt: Date.now() + 60_000 });

    const again = await claimBatch(database, { leaseToken, expiresAt: Date.now() + 60_000 });
    const late = claimBatch(database, { leaseToken, expiresAt: Date.now() - 60_000 });

    expect(idsOf(again)).toEqual([id]);
    await expect(late).rejects.toThrow(CallExpired);
    expect(await readEvent(database, id)).toMatchObject({ status: 'PROCESSING', attempts: 1 });
  });
});

describe('a lease that expired on the last attempt', () => {
  test('an event whose lease expired on the last attempt fails for good with a reason and is not claimed', async () => {
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

  test('an event that fails for good in a claim does not prevent the claim of other events', async () => {
    const [exhausted = '', ...others] = await insertEvents(database, 4);
    await database.sql('update outbox_events set attempts = 7 where id = $1', [exhausted]);
    await claimBatch(database, { maxEvents: 1 });
    await makeDue(database, [exhausted]);

    const batch = await claimBatch(database);

    expect(idsOf(batch)).toEqual(others);
    expect(batch).toMatchObject({ failedForGood: 1, reclaimed: 0 });
  });

  test('a claim reports more due events when events without attempts left filled the count', async () => {
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

test('an event that kills every run fails for good after its last attempt', async () => {
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

describe('a pending event with no attempt left, because the maximum was lowered', () => {
  test('a pending event with no attempt left fails for good with its own error', async () => {
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

  test('a pending event with no attempt left and no error fails for good as AttemptsExhausted', async () => {
    const id = await insertEvent(database);
    await database.sql('update outbox_events set attempts = 5');

    await claimBatch(database, { maxAttempts: 5 });

    expect(await readEvent(database, id)).toMatchObject({ last_error_type: 'AttemptsExhausted' });
  });
});
