import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { logger } from '../../../lambdas/runtime/telemetry.ts';
import { waitForDatabase } from '../../../lambdas/runtime/wait-for-database.ts';
import { DatabaseRefused, DatabaseUnavailable } from '../../../outbox/failure.ts';

const wrongPassword =
  'BadRequestException: FATAL: password authentication failed for user "outbox_owner"; SQLState: 28P01';

/** Time that passes only in pauses. */
function fakeClock() {
  let time = 0;
  return {
    now: () => time,
    pause: async (ms: number) => {
      time += ms;
    },
  };
}

let warn: jest.SpiedFunction<typeof logger.warn>;

beforeEach(() => {
  warn = jest.spyOn(logger, 'warn').mockImplementation(() => undefined);
});

afterEach(() => {
  warn.mockRestore();
});

describe('a deployment that waits for its database', () => {
  test('says in every log line what the database answered and how long it still waits', async () => {
    let tries = 0;
    const work = async () => {
      tries += 1;
      if (tries < 3) throw new DatabaseUnavailable(wrongPassword);
      return 'done';
    };

    expect(await waitForDatabase(work, fakeClock())).toBe('done');
    expect(warn.mock.calls).toEqual([
      [`waiting for the database: ${wrongPassword}`, { secondsLeft: 480 }],
      [`waiting for the database: ${wrongPassword}`, { secondsLeft: 475 }],
    ]);
  });

  test('gives up after eight minutes with the last error', async () => {
    const clock = fakeClock();
    const error = new DatabaseUnavailable(wrongPassword);

    await expect(waitForDatabase(() => Promise.reject(error), clock)).rejects.toBe(error);
    expect(clock.now()).toBe(8 * 60_000);
  });

  test('does not wait for what can never succeed', async () => {
    const error = new DatabaseRefused('ERROR: permission denied; SQLState: 42501');

    await expect(waitForDatabase(() => Promise.reject(error), fakeClock())).rejects.toBe(error);
    expect(warn).not.toHaveBeenCalled();
  });
});
