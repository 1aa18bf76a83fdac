import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { AwsError } from '../../../../twin/http/aws-error.ts';
import { type SchedulerOptions, startScheduler } from '../../../../twin/services/scheduler/scheduler.ts';
import type { ExecutionRunner } from '../../../../twin/services/step-functions/execution-runner.ts';

const schedule = (name: string, expression: string) => ({
  name,
  expression,
  targetArn: `arn:${name}`,
  input: `{"from":"${name}"}`,
  group: 'outbox',
  enabled: true,
  roleArn: 'arn:role',
});
const started = jest.fn<ExecutionRunner['start']>();
const authorize = jest.fn<SchedulerOptions['authorize']>();
const report = jest.fn<SchedulerOptions['report']>();

const start = (tickSeconds?: number) =>
  startScheduler({
    schedules: [schedule('processor', 'rate(1 minute)'), schedule('cleanup', 'rate(1 hour)')],
    tickedArn: 'arn:processor',
    tickSeconds,
    runner: { start: started } as unknown as ExecutionRunner,
    authorize,
    report,
  });

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
  jest.resetAllMocks();
});

test('every schedule starts its target at its rate with its own role', () => {
  const scheduler = start();

  jest.advanceTimersByTime(3_600_000);

  const targets = started.mock.calls.map(([targetArn]) => targetArn);
  expect(targets.filter((target) => target === 'arn:processor')).toHaveLength(60);
  expect(targets.filter((target) => target === 'arn:cleanup')).toHaveLength(1);
  expect(started).toHaveBeenCalledWith('arn:cleanup', '{"from":"cleanup"}');
  const cleanup = { roleArn: 'arn:role', session: 'cleanup' };
  expect(authorize).toHaveBeenCalledWith(cleanup, 'states:StartExecution', 'arn:cleanup', 403);
  scheduler.stop();
});

test('a tick that the role does not allow is reported, and the next tick follows', () => {
  authorize.mockImplementationOnce(() => {
    throw new AwsError('AccessDeniedException', 'not authorized', 403);
  });
  const scheduler = start(5);

  jest.advanceTimersByTime(10_000);

  expect(report.mock.calls).toEqual([['schedule processor started nothing: not authorized']]);
  expect(started).toHaveBeenCalledTimes(1);
  scheduler.stop();
});

test('a tick by hand that the role does not allow is an error and starts nothing', () => {
  const scheduler = start(0);
  authorize.mockImplementation(() => {
    throw new AwsError('AccessDeniedException', 'not authorized', 403);
  });

  expect(() => scheduler.tick()).toThrow(
    expect.objectContaining({ code: 'AccessDeniedException', status: 403 }),
  );
  expect([started.mock.calls, report.mock.calls]).toEqual([[], []]);
  scheduler.stop();
});

test('each tick starts one run per lane, and a tick by hand returns the first run', () => {
  started.mockImplementation(
    (arn) => ({ executionArn: `run of ${arn}` }) as ReturnType<ExecutionRunner['start']>,
  );
  const lane = (name: string) => ({ ...schedule(name, 'rate(1 minute)'), targetArn: 'arn:processor' });
  const scheduler = startScheduler({
    schedules: [lane('processor'), schedule('cleanup', 'rate(1 hour)'), lane('processor-2')],
    tickedArn: 'arn:processor',
    tickSeconds: 10,
    runner: { start: started } as unknown as ExecutionRunner,
    authorize,
    report,
  });

  expect(scheduler.tick()).toEqual({ executionArn: 'run of arn:processor' });
  jest.advanceTimersByTime(10_000);
  scheduler.stop();

  expect(started.mock.calls.map(([arn]) => arn)).toEqual(Array(4).fill('arn:processor'));
});
