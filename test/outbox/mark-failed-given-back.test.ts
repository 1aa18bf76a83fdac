import { beforeEach, describe, expect, test } from '@jest/globals';
import type { FailureKind } from '../../outbox/classify-failure.ts';
import { markProcessed } from '../../outbox/mark-processed.ts';
import { release } from '../../outbox/release.ts';
import { requeue } from '../../outbox/requeue.ts';
import { claimBatch } from '../support/claiming.ts';
import { backoff, fail, failed, published } from '../support/marking.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvent, makeDue, readEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();
const givenBackKinds = ['outage', 'throttled'] as const;

beforeEach(() => database.sql('delete from outbox_events'));

/** A claimed event with this number of attempts. */
async function claimedEvent({ attempts = 1 } = {}) {
  const id = await insertEvent(database);
  await database.sql('update outbox_events set attempts = $2 where id = $1', [id, attempts - 1]);
  const { leaseToken } = await claimBatch(database);
  return { id, leaseToken };
}

/** Claims the event once more and records this failure. */
async function failAgain(id: string, kind: FailureKind) {
  await makeDue(database);
  const { leaseToken } = await claimBatch(database);
  return fail(database, leaseToken, [failed(id, kind)]);
}

/** For how many seconds outages have given the event back; null when none has. */
async function givenBackFor(id: string): Promise<number | null> {
  const [row] = await database.sql<{ seconds: number | null }>(
    `select cast(extract(epoch from now() - given_back_since) as double precision) as seconds
     from outbox_events where id = $1`,
    [id],
  );
  return row?.seconds ?? null;
}

/** Moves the start of the outages of all events back by this time. */
const passTime = (seconds: number) =>
  database.sql('update outbox_events set given_back_since = given_back_since - make_interval(secs => $1)', [
    seconds,
  ]);

describe.each(givenBackKinds)('a failed outcome of the kind %s', (kind) => {
  test('an event is given back after the jittered delay of an outage, and no attempt is consumed', async () => {
    const { id, leaseToken } = await claimedEvent({ attempts: 3 });

    expect(await fail(database, leaseToken, [failed(id, kind, 'Busy')])).toMatchObject({ recorded: 1 });

    const row = await readEvent(database, id);
    expect(row).toMatchObject({ status: 'PENDING', attempts: 2, last_error_type: 'Busy' });
    expect(row.due_in).toBeGreaterThan(backoff.outageDelaySeconds / 2 - 30);
    expect(row.due_in).toBeLessThanOrEqual(backoff.outageDelaySeconds);
  });

  test('an event does not fail for good within a day, even on its last attempt and after many outages', async () => {
    const id = await insertEvent(database);
    await database.sql('update outbox_events set attempts = 7');
    for (let time = 0; time < 20; time += 1) {
      expect(await failAgain(id, kind)).toEqual({ recorded: 1, failedForGood: 0, lost: [] });
    }
    expect(await readEvent(database, id)).toMatchObject({ status: 'PENDING', attempts: 7 });
  });
});

describe('an event that outages have given back for longer than the limit', () => {
  test('after the limit, each outage consumes an attempt, with the usual backoff, until the event fails for good', async () => {
    const { id, leaseToken } = await claimedEvent({ attempts: 6 });
    await fail(database, leaseToken, [failed(id, 'outage')]);
    await passTime(backoff.outageLimitSeconds + 1);

    await failAgain(id, 'outage');

    const row = await readEvent(database, id);
    expect(row).toMatchObject({ status: 'PENDING', attempts: 6 });
    expect(row.due_in).toBeGreaterThan(320_000 / 2 - 30);
    expect(row.due_in).toBeLessThanOrEqual(320_000);

    await failAgain(id, 'outage');
    expect(await failAgain(id, 'outage')).toEqual({ recorded: 1, failedForGood: 1, lost: [] });
    expect(await readEvent(database, id)).toMatchObject({ status: 'FAILED', attempts: 8 });
  });

  test('an outage consumes no attempt before the limit, however long the event waited before the first outage', async () => {
    const { id, leaseToken } = await claimedEvent();
    await database.sql(`update outbox_events set ready_at = now() - interval '30 days'`);
    await fail(database, leaseToken, [failed(id, 'outage')]);
    expect(await givenBackFor(id)).toBeLessThan(60);
    await passTime(backoff.outageLimitSeconds - 600);

    await failAgain(id, 'outage');

    expect(await readEvent(database, id)).toMatchObject({ attempts: 0 });
    expect(await givenBackFor(id)).toBeGreaterThan(backoff.outageLimitSeconds - 601);
  });

  test('throttling consumes no attempt and neither starts nor resets the time of outages', async () => {
    const { id, leaseToken } = await claimedEvent();
    await fail(database, leaseToken, [failed(id, 'throttled')]);
    expect(await givenBackFor(id)).toBeNull();
    await failAgain(id, 'outage');
    await passTime(backoff.outageLimitSeconds + 1);

    await failAgain(id, 'throttled');

    expect(await readEvent(database, id)).toMatchObject({ status: 'PENDING', attempts: 0 });
    expect(await givenBackFor(id)).toBeGreaterThan(backoff.outageLimitSeconds);
  });
});

describe('the start of the time of outages', () => {
  const givenBack = async () => {
    const { id, leaseToken } = await claimedEvent();
    await fail(database, leaseToken, [failed(id, 'outage')]);
    expect(await givenBackFor(id)).not.toBeNull();
    return id;
  };

  test('a failure of the event itself, which consumes an attempt, resets the time of outages', async () => {
    const id = await givenBack();

    await failAgain(id, 'transient');

    expect(await givenBackFor(id)).toBeNull();
  });

  test('a release by its run, which consumes an attempt, resets the time of outages', async () => {
    const id = await givenBack();
    await makeDue(database);
    const { leaseToken } = await claimBatch(database);

    const reason = { kind: 'transient', errorType: 'States.Timeout', message: 'the run failed' } as const;
    await release(database.dataApi, leaseToken, reason, backoff);

    expect(await givenBackFor(id)).toBeNull();
  });

  test('a success resets the time of outages', async () => {
    const id = await givenBack();

    await markProcessed(database.dataApi, [published(id)]);

    expect(await givenBackFor(id)).toBeNull();
  });

  test('a redrive of an event that outages made fail for good resets the time of outages', async () => {
    const id = await givenBack();
    await passTime(backoff.outageLimitSeconds + 1);
    await database.sql('update outbox_events set attempts = 7');
    expect(await failAgain(id, 'outage')).toMatchObject({ failedForGood: 1 });

    await requeue(database.dataApi, 'redrive', {}, { limit: 1, batch: 1 });

    expect(await givenBackFor(id)).toBeNull();
    await failAgain(id, 'outage');
    expect(await readEvent(database, id)).toMatchObject({ status: 'PENDING', attempts: 0 });
  });
});

test.each([
  ['outage', { givenBack: true }],
  ['throttled', {}],
] as const)('a claim reports whether an outage gave the event back: %s', async (kind, told) => {
  const { id, leaseToken } = await claimedEvent();
  await fail(database, leaseToken, [failed(id, kind)]);
  await makeDue(database);

  const [event] = (await claimBatch(database)).events;

  expect({ ...(event && 'givenBack' in event && { givenBack: event.givenBack }) }).toEqual(told);
  expect(event).toMatchObject({ eventId: id, attempts: 1 });
});
