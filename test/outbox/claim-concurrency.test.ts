import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { waitUntilBlocked } from '../support/blocked-sessions.ts';
import { claimBatch, idsOf } from '../support/claiming.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvents } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();

beforeEach(() => database.sql('delete from outbox_events'));

/** Holds the locks of the statement until the returned function is called. */
async function closeGate(lock: string, value: unknown): Promise<() => Promise<void>> {
  const connection = await database.connect();
  await connection.query('begin');
  await connection.query(lock, [value]);
  return async () => {
    await connection.query('rollback');
    connection.release();
  };
}

describe('overlapping calls with one token', () => {
  test('overlapping claims with one token take one batch when all begin before the first ends', async () => {
    await insertEvents(database, 10);
    const leaseToken = randomUUID();
    const openGate = await closeGate('select pg_advisory_xact_lock(hashtextextended($1, 0))', leaseToken);

    const calls = [1, 2, 3].map(() => claimBatch(database, { leaseToken, maxEvents: 4 }));
    await waitUntilBlocked(database, 3).finally(openGate);
    const [first, ...others] = await Promise.all(calls);

    expect(first?.events).toHaveLength(4);
    for (const other of others) expect(other.events).toEqual(first?.events);
    expect(await attemptsOfAll()).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
  });

  test('overlapping claims with one token take one batch in every round', async () => {
    for (let round = 0; round < 25; round += 1) {
      await database.sql('delete from outbox_events');
      await insertEvents(database, 9);
      const leaseToken = randomUUID();

      const batches = await Promise.all(
        [1, 2, 3].map(() => claimBatch(database, { leaseToken, maxEvents: 3 })),
      );

      expect(new Set(batches.flatMap(idsOf)).size).toBe(3);
      expect(await attemptsOfAll()).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0]);
    }
  });

  const attemptsOfAll = async () => {
    const rows = await database.sql('select attempts from outbox_events order by sequence');
    return rows.map(({ attempts }) => attempts);
  };
});

describe('claims with different tokens', () => {
  test('a claim skips rows that another claim has locked and does not wait for them', async () => {
    const [locked, ...free] = await insertEvents(database, 3);
    const unlock = await closeGate('select from outbox_events where id = $1 for update', locked);

    const batch = await claimBatch(database).finally(unlock);

    expect(idsOf(batch)).toEqual(free);
  });

  test('concurrent claims take 2,000 events, each exactly once', async () => {
    const claimers = fc.record({
      count: fc.integer({ min: 2, max: 6 }),
      maxEvents: fc.integer({ min: 15, max: 200 }),
      maxStateBytes: fc.integer({ min: 5000, max: 240_000 }),
    });

    await fc.assert(
      fc.asyncProperty(claimers, async ({ count, ...limits }) => {
        await database.sql('delete from outbox_events');
        const ids = await insertEvents(database, 2000);

        const claimed = (await Promise.all(Array.from({ length: count }, () => drain(limits)))).flat();

        expect(claimed.toSorted()).toEqual(ids.toSorted());
      }),
      { numRuns: 4, endOnFailure: true },
    );
  });

  async function drain(limits: {
    readonly maxEvents: number;
    readonly maxStateBytes: number;
  }): Promise<string[]> {
    const claimed: string[] = [];
    for (;;) {
      const batch = await claimBatch(database, limits);
      claimed.push(...idsOf(batch));
      // No unlocked event was left: another claim holds the rest.
      if (batch.events.length === 0) return claimed;
    }
  }
});
