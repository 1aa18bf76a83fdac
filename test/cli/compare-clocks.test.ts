import { expect, test } from '@jest/globals';
import { compareClocks } from '../../cli/compare-clocks.ts';
import type { DataApi } from '../../outbox/data-api.ts';

/** A database whose clock is ahead of ours by some milliseconds, with these round-trip times. */
function compared(aheadMs: number, roundTripsMs: readonly number[]) {
  let time = 1_000_000;
  const left = [...roundTripsMs];
  const database: DataApi = {
    async query() {
      const roundTrip = left.shift() ?? 100;
      time += roundTrip;
      // The clock is read at the end of the round trip: the request takes all of the time, the answer none.
      return [[time + aheadMs]];
    },
  };
  return compareClocks(database, () => time);
}

test('clocks are compared with the fastest call', async () => {
  expect(await compared(0, [900, 40, 8, 300, 60])).toEqual({ ahead: 4, uncertainty: 4, tooLarge: false });
});

test.each([
  [1_000, false],
  [1_001, true],
  [-1_008, false],
  [-1_009, true],
])('a difference of %i ms exceeds the tolerance: %s', async (aheadMs, tooLarge) => {
  // The measured difference is 4 ms too high, with an uncertainty of 4 ms.
  expect(await compared(aheadMs, [8, 8, 8, 8, 8])).toMatchObject({ tooLarge });
});

test('a difference within the uncertainty of slow calls is not reported', async () => {
  expect(await compared(1_500, [4_000, 4_000, 4_000, 4_000, 4_000])).toEqual({
    ahead: 3_500,
    uncertainty: 2_000,
    tooLarge: true,
  });
  expect(await compared(-1_500, [4_000, 4_000, 4_000, 4_000, 4_000])).toMatchObject({ tooLarge: false });
});
