import { expect, test } from '@jest/globals';
import {
  failing,
  failingFirst,
  hanging,
  lambdaError,
  runArn,
  runDefinition,
  type Step,
  taking,
} from './run-definition.ts';

const runCleanup = (purge: Step) => runDefinition('outbox-cleanup', { 'purge-events': purge });

/** Purges these numbers of events, one per call; more events are left after all calls but the last. */
function purging(...counts: number[]): Step {
  const left = [...counts];
  return () => ({ purged: left.shift() ?? 0, more: left.length > 0, overdueSeconds: 10 * left.length });
}

test('a cleanup with nothing to purge succeeds', async () => {
  const ran = await runCleanup(purging(0));

  expect(ran.outcome).toEqual({ status: 'SUCCEEDED', output: { purged: 0, more: false, overdueSeconds: 0 } });
  expect(ran.payloads('purge-events')).toEqual([{ runId: runArn }]);
});

test('a cleanup purges until nothing is left and returns the total', async () => {
  const ran = await runCleanup(purging(5_000, 5_000, 17));

  expect(ran.outcome).toEqual({
    status: 'SUCCEEDED',
    output: { purged: 10_017, more: false, overdueSeconds: 0 },
  });
  expect(ran.calls('purge-events')).toHaveLength(3);
});

test('a cleanup with too much to purge stops in time and reports what is left and how long it is overdue', async () => {
  const ran = await runCleanup(taking(25, () => ({ purged: 1_000, more: true, overdueSeconds: 86_400 })));

  expect(ran.calls('purge-events').at(-1)?.at).toBe(225);
  expect(ran.seconds).toBe(250);
  expect(ran.outcome).toEqual({
    status: 'SUCCEEDED',
    output: { purged: 10_000, more: true, overdueSeconds: 86_400 },
  });
});

test('a cleanup counts the events of a retried call once', async () => {
  const flaky = failingFirst(
    [lambdaError('DatabaseUnavailable'), lambdaError('Lambda.Unknown'), lambdaError('Sandbox.Timedout')],
    purging(10, 20),
  );

  const ran = await runCleanup(flaky);

  expect(ran.calls('purge-events').map(({ at }) => at)).toEqual([0, 1, 3, 7, 7]);
  expect(ran.outcome).toEqual({
    status: 'SUCCEEDED',
    output: { purged: 30, more: false, overdueSeconds: 0 },
  });
});

test('a cleanup that the database refuses fails at once', async () => {
  const ran = await runCleanup(failing(lambdaError('DatabaseRefused', 'permission denied')));

  expect(ran.calls('purge-events')).toHaveLength(1);
  expect(ran.outcome).toMatchObject({ status: 'FAILED', error: 'DatabaseRefused' });
});

test('a cleanup whose calls all time out fails before its own timeout', async () => {
  const ran = await runCleanup(hanging);

  expect(ran.calls('purge-events')).toHaveLength(6);
  expect(ran.seconds).toBe(6 * 35 + 30);
  expect(ran.outcome).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
});
