import { describe, expect, test } from '@jest/globals';
import type { HistoryEvent, TaskInvoker } from '../../../../../twin/services/step-functions/asl/run.ts';
import { TaskError } from '../../../../../twin/services/step-functions/asl/task-error.ts';
import { mapped, task } from './feature-table.ts';
import { simulate } from './simulation.ts';

/** `5<4 TaskStateEntered`: event 5, whose previous event is event 4. */
const lines = (events: readonly HistoryEvent[]): string[] =>
  events.map(({ id, previousEventId, type }) => `${id}<${previousEventId} ${type}`);

const fail = { Type: 'Fail', Error: 'Oops', Cause: 'why' };
const silent: TaskInvoker = () => new Promise(() => undefined);

describe('history of a Map', () => {
  test('each iteration of a Map with MaxConcurrency 1 has its own events, and the flow continues after the last', async () => {
    const definition = mapped({ A: { Type: 'Pass', End: true } }, { MaxConcurrency: 1 });
    const { events } = await simulate(definition, { input: ['a', 'b'] });
    expect(lines(events)).toEqual([
      '1<0 ExecutionStarted',
      '2<0 MapStateEntered',
      '3<2 MapStateStarted',
      '4<3 MapIterationStarted',
      '5<4 PassStateEntered',
      '6<5 PassStateExited',
      '7<6 MapIterationSucceeded',
      '8<6 MapIterationStarted',
      '9<8 PassStateEntered',
      '10<9 PassStateExited',
      '11<10 MapIterationSucceeded',
      '12<11 MapStateSucceeded',
      '13<11 MapStateExited',
      '14<13 ExecutionSucceeded',
    ]);
  });

  test('a Map starts all concurrent iterations before it enters a state of the first', async () => {
    const { events } = await simulate(mapped({ A: task }, { MaxConcurrency: 2 }), { input: [1, 2, 3] });
    expect(lines(events).slice(2, 6)).toEqual([
      '3<2 MapStateStarted',
      '4<3 MapIterationStarted',
      '5<3 MapIterationStarted',
      '6<4 TaskStateEntered',
    ]);
  });

  test('a Map over an empty list has no iteration', async () => {
    const { events } = await simulate(mapped({ A: { Type: 'Pass', End: true } }), { input: [] });
    expect(lines(events).slice(2, 5)).toEqual([
      '3<2 MapStateStarted',
      '4<3 MapStateSucceeded',
      '5<3 MapStateExited',
    ]);
  });

  test('a Map that fails is recorded once, after the last retry', async () => {
    const definition = mapped({ A: fail }, { Retry: [{ ErrorEquals: ['Oops'], MaxAttempts: 1 }] });
    const { events } = await simulate(definition, { input: [1] });
    expect(lines(events).slice(2)).toEqual([
      '3<2 MapStateStarted',
      '4<3 MapIterationStarted',
      '5<4 FailStateEntered',
      '6<5 MapIterationFailed',
      '7<5 MapStateStarted',
      '8<7 MapIterationStarted',
      '9<8 FailStateEntered',
      '10<9 MapIterationFailed',
      '11<9 MapStateFailed',
      '12<11 ExecutionFailed',
    ]);
  });

  test('a Map that fails is recorded as failed before a Catch handles the error', async () => {
    const definition = mapped(
      { A: fail },
      { Catch: [{ ErrorEquals: ['Oops'], Next: 'B' }] },
      { B: { Type: 'Pass', End: true } },
    );
    const { events } = await simulate(definition, { input: [1] });
    expect(lines(events).slice(5, 8)).toEqual([
      '6<5 MapIterationFailed',
      '7<5 MapStateFailed',
      '8<7 MapStateExited',
    ]);
  });

  test.each([
    ['Items', { Items: '{% 1 %}' }, ['3<0 EvaluationFailed', '4<3 MapStateFailed', '5<4 ExecutionFailed']],
    [
      'ItemSelector',
      { ItemSelector: '{% $states.input.no %}' },
      ['3<2 MapStateStarted', '4<3 EvaluationFailed', '5<4 MapStateFailed', '6<5 ExecutionFailed'],
    ],
  ])('a Map is recorded as failed when its %s could not be evaluated', async (_field, fields, expected) => {
    const { events } = await simulate(mapped({ A: fail }, fields), { input: [1] });
    expect(lines(events).slice(2)).toEqual(expected);
  });

  test('the Task that failed its iteration is recorded as ended, and so are Tasks that were stopped', async () => {
    const invoke: TaskInvoker = (resource, args, signal) =>
      args === 2 ? Promise.reject(new TaskError('Oops', 'why')) : silent(resource, args, signal);
    const { events } = await simulate(mapped({ A: task }), { input: [1, 2, 3], invoke });
    const failed = events.find(({ type }) => type === 'TaskFailed')?.id ?? 0;
    expect(lines(events.filter(({ id }) => id > failed))).toEqual([
      `${failed + 1}<${failed} MapIterationFailed`,
      `${failed + 2}<${failed} TaskStateAborted`,
      `${failed + 3}<${failed} MapIterationAborted`,
      `${failed + 4}<${failed} TaskStateAborted`,
      `${failed + 5}<${failed} MapIterationAborted`,
      `${failed + 6}<${failed} TaskStateAborted`,
      `${failed + 7}<${failed} MapStateFailed`,
      `${failed + 8}<${failed + 7} ExecutionFailed`,
    ]);
  });

  test('a Wait and a nested Map are recorded as ended when another iteration stops them', async () => {
    const states = {
      Which: {
        Type: 'Choice',
        Choices: [
          { Condition: '{% $states.input = 1 %}', Next: 'Wait' },
          { Condition: '{% $states.input = 2 %}', Next: 'Inner' },
        ],
        Default: 'Pause',
      },
      Wait: { Type: 'Wait', Seconds: 60, End: true },
      Inner: {
        Type: 'Map',
        Items: [0],
        ItemProcessor: { StartAt: 'Task', States: { Task: task } },
        End: true,
      },
      Pause: { Type: 'Wait', Seconds: 1, Next: 'Fail' },
      Fail: fail,
    };
    const { events } = await simulate(mapped(states), { input: [1, 2, 3], invoke: silent });
    const types = events.map(({ type }) => type);
    expect(types.slice(types.indexOf('FailStateEntered') + 1)).toEqual([
      'MapIterationFailed',
      'MapIterationAborted',
      'WaitStateAborted',
      'MapIterationAborted',
      'TaskStateAborted',
      'MapIterationAborted',
      'MapStateAborted',
      'MapStateFailed',
      'ExecutionFailed',
    ]);
  });
});
