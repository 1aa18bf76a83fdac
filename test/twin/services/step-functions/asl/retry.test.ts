import { describe, expect, test } from '@jest/globals';
import type { TaskInvoker } from '../../../../../twin/services/step-functions/asl/run.ts';
import { TaskError } from '../../../../../twin/services/step-functions/asl/task-error.ts';
import { machine, simulate } from './simulation.ts';

const resource = 'arn:aws:states:::lambda:invoke';

function retrying(retriers: object[], more: object = {}): string {
  return machine({
    Try: { Type: 'Task', Resource: resource, Retry: retriers, End: true, ...more },
  });
}

/** Fails with these errors in turn, then returns the number of its calls. */
function failing(...errors: string[]): TaskInvoker {
  let calls = 0;
  return async () => {
    const error = errors[calls++];
    if (error !== undefined) throw new TaskError(error, 'why');
    return calls;
  };
}

describe('Retry', () => {
  test('a retrier waits 1, 2 and 4 seconds by default and then gives up', async () => {
    const { outcome, slept } = await simulate(retrying([{ ErrorEquals: ['States.ALL'] }]), {
      invoke: failing('A', 'A', 'A', 'B'),
    });
    expect(slept).toEqual([1_000, 2_000, 4_000]);
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'B', cause: 'why' });
  });

  test('a retrier waits no longer than MaxDelaySeconds', async () => {
    const definition = retrying([
      { ErrorEquals: ['A'], IntervalSeconds: 2, BackoffRate: 3, MaxDelaySeconds: 5, MaxAttempts: 4 },
    ]);
    const { outcome, slept } = await simulate(definition, { invoke: failing('A', 'A', 'A') });
    expect(slept).toEqual([2_000, 5_000, 5_000]);
    expect(outcome).toEqual({ status: 'SUCCEEDED', output: 4 });
  });

  test('a retrier draws its delay between 0 and the backoff when JitterStrategy is FULL', async () => {
    const definition = retrying([{ ErrorEquals: ['A'], IntervalSeconds: 10, JitterStrategy: 'FULL' }]);
    const { slept } = await simulate(definition, { invoke: failing('A'), random: () => 0.25 });
    expect(slept).toEqual([2_500]);
  });

  test('a retrier with MaxAttempts 0 excludes its errors from the retriers below', async () => {
    const definition = retrying([{ ErrorEquals: ['A'], MaxAttempts: 0 }, { ErrorEquals: ['States.ALL'] }]);
    const { outcome, slept } = await simulate(definition, { invoke: failing('A') });
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'A' });
    expect(slept).toEqual([]);
  });

  test('each retrier counts its own attempts', async () => {
    const definition = retrying([
      { ErrorEquals: ['A'], MaxAttempts: 1 },
      { ErrorEquals: ['B'], MaxAttempts: 1, IntervalSeconds: 7 },
    ]);
    const { outcome, slept } = await simulate(definition, { invoke: failing('A', 'B', 'A') });
    expect(slept).toEqual([1_000, 7_000]);
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'A' });
  });

  test('the attempts of a retrier start again at 0 when the state is entered again', async () => {
    const definition = machine({
      Try: {
        Type: 'Task',
        Resource: resource,
        Retry: [{ ErrorEquals: ['A'], MaxAttempts: 1 }],
        Next: 'Again?',
      },
      'Again?': {
        Type: 'Choice',
        Choices: [{ Condition: '{% $states.input < 4 %}', Next: 'Try' }],
        Default: 'Done',
      },
      Done: { Type: 'Succeed' },
    });
    let calls = 0;
    const everySecond: TaskInvoker = async () => {
      if (++calls % 2 === 1) throw new TaskError('A', 'odd');
      return calls;
    };
    const { outcome } = await simulate(definition, { invoke: everySecond });
    expect(outcome).toEqual({ status: 'SUCCEEDED', output: 4 });
  });

  test('the number of retries is $states.context.State.RetryCount', async () => {
    const definition = retrying([{ ErrorEquals: ['A'] }], {
      Output: '{% $states.context.State.RetryCount %}',
    });
    const { outcome } = await simulate(definition, { invoke: failing('A', 'A') });
    expect(outcome).toEqual({ status: 'SUCCEEDED', output: 2 });
  });

  test('an error is passed to Catch when its retries are exhausted', async () => {
    const definition = machine({
      Try: {
        Type: 'Task',
        Resource: resource,
        Retry: [{ ErrorEquals: ['A'], MaxAttempts: 1 }],
        Catch: [
          {
            ErrorEquals: ['States.ALL'],
            Assign: { noted: '{% $states.errorOutput.Error %}' },
            Output: '{% $states.errorOutput.Cause %}',
            Next: 'Note',
          },
        ],
        End: true,
      },
      Note: { Type: 'Pass', Output: '{% $noted & $states.input %}', End: true },
    });
    const { outcome } = await simulate(definition, { invoke: failing('A', 'A') });
    expect(outcome).toEqual({ status: 'SUCCEEDED', output: 'Awhy' });
  });

  test('a Retry of a Map runs every iteration again', async () => {
    const seen: unknown[] = [];
    let broken = true;
    const invoke: TaskInvoker = async (_resource, args) => {
      seen.push(args);
      if (args !== 2 || !broken) return args;
      broken = false;
      throw new TaskError('A', 'once');
    };
    const definition = machine({
      Each: {
        Type: 'Map',
        ItemProcessor: { StartAt: 'Try', States: { Try: { Type: 'Task', Resource: resource, End: true } } },
        Retry: [{ ErrorEquals: ['A'] }],
        End: true,
      },
    });
    const { outcome } = await simulate(definition, { input: [1, 2], invoke });
    expect(outcome).toEqual({ status: 'SUCCEEDED', output: [1, 2] });
    expect(seen).toEqual([1, 2, 1, 2]);
  });

  test('an error that is not a task error is not retried', async () => {
    const invoke: TaskInvoker = async () => {
      throw new TypeError('a bug of the twin');
    };
    const { outcome, slept } = await simulate(retrying([{ ErrorEquals: ['States.ALL'] }]), { invoke });
    expect(outcome).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause: expect.stringMatching(/a bug/),
    });
    expect(slept).toEqual([]);
  });
});
