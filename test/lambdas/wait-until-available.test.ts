import { describe, expect, test } from '@jest/globals';
import { createUntilAvailable, IAM_WAIT_MS, WAIT_MS } from '../../lambdas/runtime/wait-until-available.ts';
import { DatabaseRefused, DatabaseUnavailable } from '../../outbox/errors.ts';
import { serviceError } from '../support/service-error.ts';

/** A clock that advances only during waits. */
function waiting() {
  let time = 0;
  const waits: unknown[] = [];
  const untilAvailable = createUntilAvailable({
    now: () => time,
    pause: async (ms) => {
      time += ms;
    },
    onWait: (error, secondsLeft) => waits.push([error, secondsLeft]),
  });
  return { untilAvailable, waits, elapsed: () => time };
}

const denied = new DatabaseRefused('AccessDeniedException: not authorized', {
  cause: serviceError('AccessDeniedException', 403),
});

describe('waiting for a database', () => {
  test('waiting continues until the database answers, and each wait is reported with its reason', async () => {
    const { untilAvailable, waits } = waiting();
    const failures = [new DatabaseUnavailable('starting'), new DatabaseUnavailable('starting')];

    const answer = await untilAvailable(async () => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      return 'migrated';
    });

    expect(answer).toBe('migrated');
    expect(waits).toEqual([
      [new DatabaseUnavailable('starting'), 420],
      [new DatabaseUnavailable('starting'), 415],
    ]);
  });

  test.each([
    ['a database that does not answer', new DatabaseUnavailable('starting'), WAIT_MS],
    ['a role that IAM does not know yet', denied, IAM_WAIT_MS],
    ['a secret that the role may not read yet', serviceError('AccessDeniedException', 400), IAM_WAIT_MS],
    ['a statement that the database refuses', new DatabaseRefused('syntax error'), 0],
  ])('the wait for %s ends at its limit with the original error', async (_, failure, limitMs) => {
    const { untilAvailable, elapsed } = waiting();

    await expect(untilAvailable(() => Promise.reject(failure))).rejects.toBe(failure);

    expect(elapsed()).toBe(limitMs);
  });

  test('all calls of a migration share one deadline', async () => {
    const { untilAvailable, elapsed } = waiting();
    const absent = () => untilAvailable(() => Promise.reject(new DatabaseUnavailable('starting')));

    await expect(absent()).rejects.toThrow();
    await expect(absent()).rejects.toThrow();

    expect(elapsed()).toBe(WAIT_MS);
  });
});
