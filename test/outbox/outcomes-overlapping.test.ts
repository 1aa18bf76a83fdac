import { beforeEach, describe, expect, test } from '@jest/globals';
import type { DataApi } from '../../outbox/data-api.ts';
import { markFailed } from '../../outbox/mark-failed.ts';
import { markProcessed } from '../../outbox/mark-processed.ts';
import type { Recorded } from '../../outbox/outcomes.ts';
import { release } from '../../outbox/release.ts';
import { claimBatch } from '../support/claiming.ts';
import { backoff, fail, failed, published } from '../support/marking.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvent, insertEvents, readEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();
const failure = { kind: 'transient', errorType: 'States.Timeout', message: 'the run failed' } as const;
const nothing = { recorded: 0, failedForGood: 0, lost: [] };

beforeEach(() => database.sql('delete from outbox_events'));

type Outcome = (database: DataApi) => Promise<Recorded>;

/** The answers of two calls, the second sent before the first is committed, and of the second call repeated. */
async function overlapping(first: Outcome, second: Outcome) {
  const [answered, meanwhile] = await database.dataApi.transaction(async (inside) => [
    await first(inside),
    await second(database.dataApi),
  ]);
  return { first: answered, second: meanwhile, repeated: await second(database.dataApi) };
}

describe('two overlapping calls', () => {
  test('of two overlapping calls with the same successes, one records them and the other recognizes them on repeat', async () => {
    const ids = await insertEvents(database, 3);
    await claimBatch(database);
    const outcomes = ids.map((id) => published(id));
    const mark: Outcome = (dataApi) => markProcessed(dataApi, outcomes);

    const { first, second, repeated } = await overlapping(mark, mark);

    expect(first).toMatchObject({ recorded: 3, failedForGood: 0, lost: [] });
    expect({ ...second, locked: second?.locked?.toSorted() }).toEqual({ ...nothing, locked: ids.toSorted() });
    expect(repeated).toEqual(nothing);
  });

  test('of two overlapping calls with the same failures, one records them and the other recognizes them on repeat', async () => {
    const id = await insertEvent(database);
    const { leaseToken } = await claimBatch(database);
    const mark: Outcome = (dataApi) => markFailed(dataApi, leaseToken, [failed(id, 'outage')], backoff);

    expect(await overlapping(mark, mark)).toEqual({
      first: { recorded: 1, failedForGood: 0, lost: [] },
      second: { ...nothing, locked: [id] },
      repeated: nothing,
    });
    expect(await readEvent(database, id)).toMatchObject({ attempts: 0 });
  });

  test('a failure that overlaps an earlier success does not overwrite it', async () => {
    const id = await insertEvent(database);
    const { leaseToken } = await claimBatch(database);

    const { second, repeated } = await overlapping(
      (dataApi) => markProcessed(dataApi, [published(id)]),
      (dataApi) => markFailed(dataApi, leaseToken, [failed(id, 'permanent')], backoff),
    );

    expect([second, repeated]).toEqual([
      { ...nothing, locked: [id] },
      { ...nothing, lost: [id] },
    ]);
    expect(await readEvent(database, id)).toMatchObject({ status: 'PROCESSED' });
  });

  test('a success that overlaps an earlier failure overwrites it', async () => {
    const id = await insertEvent(database);
    const { leaseToken } = await claimBatch(database);

    const { first, second, repeated } = await overlapping(
      (dataApi) => markFailed(dataApi, leaseToken, [failed(id, 'permanent')], backoff),
      (dataApi) => markProcessed(dataApi, [published(id)]),
    );

    expect(first).toMatchObject({ recorded: 1, failedForGood: 1 });
    expect(second).toEqual({ ...nothing, locked: [id] });
    expect(repeated).toMatchObject({ recorded: 1, lost: [] });
    expect(await readEvent(database, id)).toMatchObject({ status: 'PROCESSED', failed_at: null });
  });

  test('a failure that overlaps an earlier release is recognized when it is repeated', async () => {
    const id = await insertEvent(database);
    const { leaseToken } = await claimBatch(database);

    const { first, second, repeated } = await overlapping(
      (dataApi) => release(dataApi, leaseToken, failure, backoff),
      (dataApi) => markFailed(dataApi, leaseToken, [failed(id, 'transient')], backoff),
    );

    expect([first?.recorded, second, repeated]).toEqual([1, { ...nothing, locked: [id] }, nothing]);
  });

  test('a release that overlaps earlier outcomes gives back only events without an outcome', async () => {
    const [marked = '', held = ''] = await insertEvents(database, 2);
    const { leaseToken } = await claimBatch(database);

    const { second, repeated } = await overlapping(
      (dataApi) => markProcessed(dataApi, [published(marked)]),
      (dataApi) => release(dataApi, leaseToken, failure, backoff),
    );

    expect([second, repeated]).toEqual([{ ...nothing, recorded: 1, locked: [marked] }, nothing]);
    expect(await readEvent(database, marked)).toMatchObject({ status: 'PROCESSED' });
    expect(await readEvent(database, held)).toMatchObject({ status: 'PENDING' });
  });
});

describe('concurrent calls', () => {
  const rounds = 10;

  /** Repeats a call, as the state machine does, until it finds no locked row; returns all that it recorded. */
  async function untilNothingIsLocked(call: () => Promise<Recorded>): Promise<number> {
    for (let recorded = 0; ; ) {
      const answer = await call();
      recorded += answer.recorded;
      if (answer.locked === undefined) return recorded;
    }
  }

  test('concurrent calls with the same events in opposite order do not deadlock and record each event once', async () => {
    for (let round = 0; round < rounds; round += 1) {
      await database.sql('delete from outbox_events');
      const ids = await insertEvents(database, 200);
      const { leaseToken } = await claimBatch(database);
      const failures = ids.map((id) => failed(id, 'transient'));
      const successes = ids.map((id) => published(id)).toReversed();

      const recorded = await Promise.all([
        untilNothingIsLocked(() => fail(database, leaseToken, failures)),
        untilNothingIsLocked(() => fail(database, leaseToken, failures.toReversed())),
        untilNothingIsLocked(() => markProcessed(database.dataApi, successes)),
      ]);

      expect((recorded[0] ?? 0) + (recorded[1] ?? 0)).toBeLessThanOrEqual(200);
      expect(recorded[2]).toBe(200);
    }
  });

  test('a concurrent release and late outcomes of the same run do not deadlock', async () => {
    for (let round = 0; round < rounds; round += 1) {
      await database.sql('delete from outbox_events');
      const ids = await insertEvents(database, 200);
      const { leaseToken } = await claimBatch(database);
      const successes = ids.map((id) => published(id));

      const [, marked] = await Promise.all([
        untilNothingIsLocked(() => release(database.dataApi, leaseToken, failure, backoff)),
        untilNothingIsLocked(() => markProcessed(database.dataApi, successes)),
      ]);

      expect(marked).toBe(200);
      const statuses = await database.sql('select distinct status from outbox_events');
      expect(statuses).toEqual([{ status: 'PROCESSED' }]);
    }
  });
});
