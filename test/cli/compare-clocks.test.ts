import { expect, test } from '@jest/globals';
import { compareClocks } from '../../cli/compare-clocks.ts';
import type { DataApi } from '../../outbox/data-api.ts';

/** A database whose clock is ahead of ours by some milliseconds, and whose answers take these. */
function compared(aheadMs: number, roundTripsMs: readonly number[]) {
  let time = 1_000_000;
  const left = [...roundTripsMs];
  const database: DataApi = {
    async query() {
      const roundTrip = left.shift() ?? 100;
      time += roundTrip;
      // It looks at its clock late: all of the way there, none of the way back.
      return [[time + aheadMs]];
    },
  };
  return compareClocks(database, () => time);
}

test('clocks are compared by the quickest call', async () => {
  expect(await compared(0, [900, 40, 8, 300, 60])).toEqual({ ahead: 4, uncertainty: 4, tooLarge: false });
});

test.each([
  [1_000, false],
  [1_001, true],
  [-1_008, false],
  [-1_009, true],
])('a difference of %i ms is beyond what is tolerated: %s', async (aheadMs, tooLarge) => {
  // Measured 4 ms more to the front than it is, give or take 4 ms.
  expect(await compared(aheadMs, [8, 8, 8, 8, 8])).toMatchObject({ tooLarge });
});

test('a slow way to the database proves nothing that its uncertainty covers', async () => {
  expect(await compared(1_500, [4_000, 4_000, 4_000, 4_000, 4_000])).toEqual({
    ahead: 3_500,
    uncertainty: 2_000,
    tooLarge: true,
  });
  expect(await compared(-1_500, [4_000, 4_000, 4_000, 4_000, 4_000])).toMatchObject({ tooLarge: false });
});
