import { beforeEach, describe, expect, test } from '@jest/globals';
import { compareClocks } from '../../cli/compare-clocks.ts';
import { readMigrations } from '../../database/read-migrations.ts';
import { CLOCK_TOLERANCE_MS } from '../../outbox/clocks.ts';
import { CallExpired, ClocksDiffer } from '../../outbox/errors.ts';
import { claimBatch, idsOf } from '../support/claiming.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvent, readEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();
// Long, so that a slow machine does not affect the result.
const CALL_MS = 30_000;

beforeEach(() => database.sql('delete from outbox_events'));

/** A claim from a function whose clock differs by this much: the database’s clock differs by as much the other way. */
const claimWithClock = (offsetMs: number) => {
  const sentAt = Date.now() + offsetMs;
  return claimBatch(database, { sentAt, expiresAt: sentAt + CALL_MS });
};

const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*\+00`;

describe('a claim', () => {
  test('a claim fails with ClocksDiffer when the clock of the database is behind that of the function', async () => {
    const id = await insertEvent(database);

    const claim = claimWithClock(60_000);

    await expect(claim).rejects.toThrow(ClocksDiffer);
    await expect(claim).rejects.toThrow(
      new RegExp(
        `^clocks differ, the database's says ${time} and the function's said ${time} before, .*: synchronize them, outbox doctor`,
      ),
    );
    expect(await readEvent(database, id)).toMatchObject({
      status: 'PENDING',
      attempts: 0,
      lease_token: null,
    });
  });

  test('a claim fails with CallExpired when the clock of the database is so far ahead that its time seems over', async () => {
    const id = await insertEvent(database);

    const claim = claimWithClock(-60_000);

    await expect(claim).rejects.toThrow(CallExpired);
    await expect(claim).rejects.toThrow(
      new RegExp(
        `^this claim comes too late, or clocks differ.* sent at ${time} and is waited for until ${time}, by the database's it is ${time}: .*doctor`,
      ),
    );
    expect(await readEvent(database, id)).toMatchObject({
      status: 'PENDING',
      attempts: 0,
      lease_token: null,
    });
  });

  test.each([
    ['behind', CLOCK_TOLERANCE_MS],
    ['ahead', -CLOCK_TOLERANCE_MS],
  ])('a claim works while the database is %s by at most the tolerance', async (_, offsetMs) => {
    const id = await insertEvent(database);

    expect(idsOf(await claimWithClock(offsetMs))).toEqual([id]);
  });

  test('a claim without a time of its own works, as older functions send it', async () => {
    const id = await insertEvent(database);

    expect(idsOf(await claimBatch(database, { expiresAt: Date.now() + CALL_MS }))).toEqual([id]);
  });

  test('a claim has the same clock tolerance as all other calls', async () => {
    const sql = (await readMigrations()).map((migration) => migration.sql).join('\n');
    const [, seconds] = /clock_tolerance constant interval = interval '(\d+) seconds?'/.exec(sql) ?? [];

    expect(Number(seconds) * 1_000).toBe(CLOCK_TOLERANCE_MS);
  });
});

describe('the clock comparison of doctor', () => {
  test('doctor measures no difference when both clocks are the same', async () => {
    const { ahead, uncertainty, tooLarge } = await compareClocks(database.dataApi, Date.now);

    expect(tooLarge).toBe(false);
    // Both values are rounded to a millisecond.
    expect(Math.abs(ahead)).toBeLessThanOrEqual(uncertainty + 2);
  });

  test.each([60_000, -60_000])(
    'doctor finds a difference that is too large when this machine is off by %i ms',
    async (offsetMs) => {
      const { ahead, tooLarge } = await compareClocks(database.dataApi, () => Date.now() + offsetMs);

      expect(tooLarge).toBe(true);
      expect(Math.sign(ahead)).toBe(-Math.sign(offsetMs));
    },
  );
});
