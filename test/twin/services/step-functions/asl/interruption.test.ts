import { describe, expect, test } from '@jest/globals';
import type { TaskInvoker } from '../../../../../twin/services/step-functions/asl/run.ts';
import { TaskError } from '../../../../../twin/services/step-functions/asl/task-error.ts';
import { machine, simulate, virtualClock } from './simulation.ts';

const resource = 'arn:aws:states:::lambda:invoke';
const task = { Type: 'Task', Resource: resource, End: true };

/** Never answers and ignores the abort; records the reason of the abort. */
function silent(): { readonly invoke: TaskInvoker; readonly signals: AbortSignal[] } {
  const signals: AbortSignal[] = [];
  return {
    signals,
    invoke: (_resource, _args, signal) => {
      signals.push(signal);
      return new Promise(() => undefined);
    },
  };
}

describe('TimeoutSeconds of a Task', () => {
  test('a Task that times out fails with States.Timeout, and its call is aborted', async () => {
    const { invoke, signals } = silent();
    const { outcome, events } = await simulate(machine({ Try: { ...task, TimeoutSeconds: 7 } }), { invoke });
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(outcome).not.toHaveProperty('cause');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    const [scheduled, timedOut] = ['TaskScheduled', 'TaskTimedOut'].map((type) =>
      events.find((event) => event.type === type),
    );
    expect(Number(timedOut?.timestamp) - Number(scheduled?.timestamp)).toBe(7_000);
    expect(timedOut).toHaveProperty('taskTimedOutEventDetails', {
      resourceType: 'lambda',
      resource: 'invoke',
      error: 'States.Timeout',
    });
  });

  test('TimeoutSeconds may be JSONata, and Retry and Catch match the timeout', async () => {
    const { invoke, signals } = silent();
    const definition = machine({
      Try: {
        ...task,
        TimeoutSeconds: '{% $states.input %}',
        Retry: [{ ErrorEquals: ['States.Timeout'], MaxAttempts: 1 }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
      },
      Caught: { Type: 'Pass', End: true },
    });
    const { outcome, slept } = await simulate(definition, { input: 3, invoke });
    expect(outcome).toEqual({ status: 'SUCCEEDED', output: { Error: 'States.Timeout', Cause: '' } });
    expect(slept).toEqual([3_000, 1_000, 3_000]);
    expect(signals).toHaveLength(2);
  });
});

describe('TimeoutSeconds of the execution', () => {
  test('an execution that times out ends as TIMED_OUT in any state, and no Retry or Catch handles this', async () => {
    const { invoke, signals } = silent();
    const definition = machine(
      {
        Each: {
          Type: 'Map',
          ItemProcessor: {
            StartAt: 'Try',
            States: { Try: { ...task, Retry: [{ ErrorEquals: ['States.ALL'] }] } },
          },
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
          End: true,
        },
        Caught: { Type: 'Pass', End: true },
      },
      { TimeoutSeconds: 60 },
    );
    const { outcome, events } = await simulate(definition, { input: [1, 2], invoke });
    expect(outcome).toEqual({
      status: 'TIMED_OUT',
      failedAt: { state: 'Each', input: [1, 2], variables: {} },
    });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(events.slice(-5).map(({ type }) => type)).toEqual([
      'MapIterationAborted',
      'TaskStateAborted',
      'MapIterationAborted',
      'TaskStateAborted',
      'ExecutionTimedOut',
    ]);
  });

  test.each([
    ['a Wait', { Type: 'Wait', Seconds: 100, End: true }],
    ['a retry delay', { ...task, Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 100 }] }],
  ])('the timeout of an execution interrupts %s', async (_what, state) => {
    const invoke: TaskInvoker = async () => {
      throw new TaskError('Oops', 'why');
    };
    const { outcome, events } = await simulate(machine({ Only: state }, { TimeoutSeconds: 5 }), { invoke });
    expect(outcome.status).toBe('TIMED_OUT');
    expect(Number(events.at(-1)?.timestamp) - Number(events[0]?.timestamp)).toBe(5_000);
  });

  test('an execution that ends before its timeout leaves no timer behind', async () => {
    const clock = virtualClock();
    const definition = machine({ Try: { ...task, TimeoutSeconds: 5 } }, { TimeoutSeconds: 9 });
    const { outcome } = await simulate(definition, { invoke: async () => 'fast', clock });
    expect(outcome).toEqual({ status: 'SUCCEEDED', output: 'fast' });
    expect(clock.slept).toEqual([9_000, 5_000]);
    expect(clock.pending()).toBe(0);
  });
});

describe('StopExecution', () => {
  test('StopExecution ends the execution as ABORTED and the running task with it', async () => {
    const stop = new AbortController();
    const signals: AbortSignal[] = [];
    const invoke: TaskInvoker = (_resource, _args, signal) => {
      signals.push(signal);
      stop.abort('enough');
      return new Promise(() => undefined);
    };
    const { outcome, events } = await simulate(machine({ Try: task }), {
      input: 1,
      invoke,
      signal: stop.signal,
    });
    expect(outcome).toEqual({ status: 'ABORTED', failedAt: { state: 'Try', input: 1, variables: {} } });
    expect(signals[0]?.aborted).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: 'ExecutionAborted', previousEventId: 0 });
  });
});

describe('Wait', () => {
  test.each([
    ['Seconds', { Seconds: 30 }, 30_000],
    ['Seconds as JSONata', { Seconds: '{% $states.input.s %}' }, 12_000],
    ['Timestamp', { Timestamp: '2026-11-23T12:00:05Z' }, 5_000],
    ['Timestamp as JSONata', { Timestamp: '{% $states.input.t %}' }, 60_000],
  ])('Wait waits for %s', async (_field, fields, expected) => {
    const input = { s: 12, t: '2026-11-23T13:01:00+01:00' };
    const { outcome, slept } = await simulate(machine({ Wait: { Type: 'Wait', ...fields, End: true } }), {
      input,
    });
    expect(outcome).toEqual({ status: 'SUCCEEDED', output: input });
    expect(slept).toEqual([expected]);
  });

  test.each([
    'tomorrow',
    '2026-11-23',
    '2026-11-23 12:00:05Z',
    '2026-11-23T12:00:05',
    '2026-02-30T12:00:00Z',
    '2026-11-23T24:00:00Z',
  ])('Wait fails when its time is no timestamp: %s', async (t) => {
    const { outcome, events } = await simulate(
      machine({ Wait: { Type: 'Wait', Timestamp: '{% $states.input.t %}', End: true } }),
      { input: { t } },
    );
    expect(outcome).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause: `The Timestamp parameter does not reference a valid ISO-8601 extended offset date-time format string: $states.input.t == ${t}`,
    });
    expect(events.map(({ type }) => type)).toEqual([
      'ExecutionStarted',
      'WaitStateEntered',
      'ExecutionFailed',
    ]);
  });

  test('Wait does not wait for a time in the past', async () => {
    const past = { Type: 'Wait', Timestamp: '2020-01-01T00:00:00Z', End: true };
    expect((await simulate(machine({ Past: past }))).slept).toEqual([]);
  });
});

describe('Map', () => {
  const each = (more: object): string =>
    machine({
      Each: { Type: 'Map', ItemProcessor: { StartAt: 'Try', States: { Try: task } }, End: true, ...more },
    });

  test.each([
    ['the value of MaxConcurrency', { MaxConcurrency: 3 }, 3],
    ['the value of MaxConcurrency as JSONata', { MaxConcurrency: '{% 1 + 1 %}' }, 2],
    ['40 when MaxConcurrency is 0', { MaxConcurrency: 0 }, 40],
    ['40 when MaxConcurrency is larger', { MaxConcurrency: 99 }, 40],
  ])('the number of iterations of a Map at once is %s', async (_fact, fields, expected) => {
    const clock = virtualClock();
    let [running, most] = [0, 0];
    const invoke: TaskInvoker = async (_resource, _args, signal) => {
      most = Math.max(most, ++running);
      await clock.sleep(1_000, signal);
      running--;
      return null;
    };
    const input = Array.from({ length: 50 }, (_, index) => index);
    const { outcome } = await simulate(each(fields), { input, invoke, clock });
    expect(outcome.status).toBe('SUCCEEDED');
    expect(most).toBe(expected);
  });

  test('a Map stops its other iterations when one fails, and starts no more', async () => {
    const started: unknown[] = [];
    const signals: AbortSignal[] = [];
    const invoke: TaskInvoker = (_resource, args, signal) => {
      started.push(args);
      signals.push(signal);
      return args === 1 ? Promise.reject(new TypeError('broken')) : new Promise(() => undefined);
    };
    const { outcome, events } = await simulate(each({ MaxConcurrency: 2 }), { input: [0, 1, 2, 3], invoke });
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
    expect(started).toEqual([0, 1]);
    expect(signals[0]?.aborted).toBe(true);
    const iterations = events.flatMap(
      ({ type, mapIterationAbortedEventDetails, mapIterationFailedEventDetails }) =>
        mapIterationAbortedEventDetails || mapIterationFailedEventDetails
          ? [[type, (mapIterationAbortedEventDetails ?? mapIterationFailedEventDetails)?.['index']]]
          : [],
    );
    expect(iterations).toEqual([
      ['MapIterationFailed', 1],
      ['MapIterationAborted', 0],
    ]);
  });

  test('a Catch in an iteration does not handle that another iteration stopped it', async () => {
    const states = {
      Which: {
        Type: 'Choice',
        Choices: [{ Condition: '{% $states.input = 1 %}', Next: 'Broken' }],
        Default: 'Try',
      },
      Broken: { Type: 'Fail', Error: 'Oops', Cause: 'why' },
      Try: { ...task, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }] },
      Caught: { Type: 'Pass', End: true },
    };
    const definition = each({ ItemProcessor: { StartAt: 'Which', States: states } });
    const { outcome, events } = await simulate(definition, { input: [0, 1], invoke: silent().invoke });
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'Oops', cause: 'why' });
    const types = events.map(({ type }) => type);
    expect(types).not.toContain('TaskStateExited');
    expect(types).not.toContain('PassStateEntered');
  });
});
