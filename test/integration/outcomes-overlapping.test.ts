import { beforeEach, describe, expect, test } from '@jest/globals';
import { markProcessed, release } from '../../outbox/outcomes.ts';
import { waitUntilBlocked } from '../support/blocked-sessions.ts';
import { claimBatch } from '../support/claiming.ts';
import { backoff, fail, failed, published } from '../support/marking.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvent, insertEvents, readEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();
const failure = { kind: 'transient', errorType: 'States.Timeout', message: 'the run failed' } as const;

beforeEach(() => database.sql('delete from outbox_events'));

/** Starts the calls one after the other while somebody holds the row, then lets them go. */
async function overlapping(rowId: string, ...calls: (() => Promise<unknown>)[]): Promise<unknown[]> {
  const gate = await database.connect();
  try {
    await gate.query('begin');
    await gate.query('select from outbox_events where id = $1 for update', [rowId]);
    const running: Promise<unknown>[] = [];
    for (const call of calls) {
      running.push(call());
      await waitUntilBlocked(database, running.length);
    }
    await gate.query('rollback');
    return await Promise.all(running);
  } finally {
    gate.release(true);
  }
}

describe('of two calls that overlap', () => {
  test('with the same successes one records them and the other recognizes them', async () => {
    const ids = await insertEvents(database, 3);
    await claimBatch(database);
    const outcomes = ids.map((id) => published(id));
    const mark = () => markProcessed(database.dataApi, outcomes);

    const recorded = await overlapping(ids.toSorted()[0] ?? '', mark, mark);

    expect(recorded).toMatchObject([
      { recorded: 3, parked: 0, lost: [] },
      { recorded: 0, parked: 0, lost: [] },
    ]);
  });

  test('with the same failures one records them and the other recognizes them', async () => {
    const id = await insertEvent(database);
    const { leaseToken } = await claimBatch(database);
    const mark = () => fail(database, leaseToken, [failed(id, 'outage')]);

    const recorded = await overlapping(id, mark, mark);

    expect(recorded).toEqual([
      { recorded: 1, parked: 0, lost: [] },
      { recorded: 0, parked: 0, lost: [] },
    ]);
    expect(await readEvent(database, id)).toMatchObject({ attempts: 0 });
  });

  test('a success that comes first is not overwritten by a failure', async () => {
    const id = await insertEvent(database);
    const { leaseToken } = await claimBatch(database);

    const recorded = await overlapping(
      id,
      () => markProcessed(database.dataApi, [published(id)]),
      () => fail(database, leaseToken, [failed(id, 'permanent')]),
    );

    expect(recorded).toMatchObject([{ recorded: 1 }, { recorded: 0, lost: [id] }]);
    expect(await readEvent(database, id)).toMatchObject({ status: 'PROCESSED' });
  });

  test('a failure that comes first is overwritten by a success', async () => {
    const id = await insertEvent(database);
    const { leaseToken } = await claimBatch(database);

    const recorded = await overlapping(
      id,
      () => fail(database, leaseToken, [failed(id, 'permanent')]),
      () => markProcessed(database.dataApi, [published(id)]),
    );

    expect(recorded).toMatchObject([
      { recorded: 1, parked: 1 },
      { recorded: 1, lost: [] },
    ]);
    expect(await readEvent(database, id)).toMatchObject({ status: 'PROCESSED', failed_at: null });
  });

  test('a release that comes first leaves the failure to be recognized', async () => {
    const id = await insertEvent(database);
    const { leaseToken } = await claimBatch(database);

    const recorded = await overlapping(
      id,
      () => release(database.dataApi, leaseToken, failure, backoff),
      () => fail(database, leaseToken, [failed(id, 'transient')]),
    );

    expect(recorded).toMatchObject([{ recorded: 1 }, { recorded: 0, lost: [] }]);
  });
});

describe('no deadlock ends', () => {
  const rounds = 10;

  test('two calls that name the same events in opposite order', async () => {
    for (let round = 0; round < rounds; round += 1) {
      await database.sql('delete from outbox_events');
      const ids = await insertEvents(database, 200);
      const { leaseToken } = await claimBatch(database);
      const failures = ids.map((id) => failed(id, 'transient'));

      const recorded = await Promise.all([
        fail(database, leaseToken, failures),
        fail(database, leaseToken, failures.toReversed()),
        markProcessed(database.dataApi, ids.map((id) => published(id)).toReversed()),
      ]);

      const [first, second] = recorded;
      expect([0, 200]).toContain((first?.recorded ?? 0) + (second?.recorded ?? 0));
      expect(recorded[2]).toMatchObject({ recorded: 200, lost: [] });
    }
  });

  test('a release and late outcomes of the same run', async () => {
    for (let round = 0; round < rounds; round += 1) {
      await database.sql('delete from outbox_events');
      const ids = await insertEvents(database, 200);
      const { leaseToken } = await claimBatch(database);

      const [released, marked] = await Promise.all([
        release(database.dataApi, leaseToken, failure, backoff),
        markProcessed(
          database.dataApi,
          ids.map((id) => published(id)),
        ),
      ]);

      expect(marked).toMatchObject({ recorded: 200, lost: [] });
      expect([0, 200]).toContain(released?.recorded);
    }
  });
});
