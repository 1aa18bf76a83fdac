import { describe, expect, test } from '@jest/globals';
import { conforms, lambdaInvoke, pass, task } from './feature-table.ts';
import { machine, simulate } from './simulation.ts';

describe('Assign and Output', () => {
  conforms([
    [
      'Assign and Output see the values from when the state was entered',
      machine({
        First: { Type: 'Pass', Assign: { n: 1 }, Next: 'Second' },
        Second: {
          Type: 'Pass',
          Assign: { n: '{% $n + 1 %}', old: '{% $n %}' },
          Output: '{% $n %}',
          Next: 'Third',
        },
        Third: {
          Type: 'Pass',
          Output: { n: '{% $n %}', old: '{% $old %}', input: '{% $states.input %}' },
          End: true,
        },
      }),
      {},
      { output: { n: 2, old: 1, input: 1 } },
    ],
    [
      'a state without Output passes on its input',
      machine({ A: { Type: 'Pass', End: true } }),
      { a: 1 },
      { output: { a: 1 } },
    ],
    [
      'a Task without Output passes on its result',
      machine({ A: { ...task, Arguments: { answer: 5 } } }),
      {},
      { output: 5 },
    ],
    ['a Task without Arguments gets the input', machine({ A: task }), { answer: 6 }, { output: 6 }],
    [
      "a Task's Output sees $states.result",
      machine({
        A: {
          Type: 'Task',
          Resource: lambdaInvoke,
          Arguments: { answer: [1, 2] },
          Output: '{% $sum($states.result) %}',
          End: true,
        },
      }),
      {},
      { output: 3 },
    ],
    [
      'Succeed may have an Output',
      machine({ A: { Type: 'Succeed', Output: '{% $states.input.a %}' } }),
      { a: 1 },
      { output: 1 },
    ],
    [
      'an array from [] that is stored in a variable is a plain array when it is read',
      machine({
        A: { Type: 'Pass', Assign: { ids: '{% $states.input.n.id[] %}' }, Next: 'B' },
        B: {
          Type: 'Pass',
          Output: { ids: '{% $ids %}', list: '{% [$ids] %}', count: '{% $count($ids) %}' },
          End: true,
        },
      }),
      { n: [{ id: 1 }] },
      { output: { ids: [1], list: [1], count: 1 } },
    ],
    [
      'a variable keeps its value when later states assign other variables',
      machine({
        A: { Type: 'Pass', Assign: { a: 1, b: 1 }, Next: 'B' },
        B: { Type: 'Pass', Assign: { b: 2 }, Next: 'C' },
        C: { Type: 'Pass', Output: '{% [$a, $b] %}', End: true },
      }),
      {},
      { output: [1, 2] },
    ],
    [
      'a Task whose function returns nothing has the result null',
      machine({
        A: {
          Type: 'Task',
          Resource: lambdaInvoke,
          Arguments: {},
          Output: ['{% $states.result %}'],
          End: true,
        },
      }),
      {},
      { output: [null] },
    ],
  ]);
});

describe('context of a state', () => {
  const context = '{% $states.context.State %}';
  const entered = { Name: 'Only', EnteredTime: '2026-11-23T12:00:00Z' };

  test.each([
    ['a Pass', { Type: 'Pass', Output: context, End: true }, entered],
    ['a Wait', { Type: 'Wait', Seconds: 0, Output: context, End: true }, entered],
    ['a Succeed', { Type: 'Succeed', Output: context }, entered],
    ['a Task', { ...task, Output: context }, { ...entered, RetryCount: 0 }],
    [
      'a Map',
      {
        Type: 'Map',
        Items: [],
        ItemProcessor: { StartAt: 'A', States: { A: { Type: 'Pass', End: true } } },
        Output: context,
        End: true,
      },
      { ...entered, RetryCount: 0 },
    ],
  ])('the context has a retry count in a state that can have retries: %s', async (_type, state, expected) => {
    const { outcome } = await simulate(machine({ Only: state }));
    expect(outcome).toEqual({ status: 'SUCCEEDED', output: expected });
  });

  test('the context has no retry count in a Choice', async () => {
    const definition = machine({
      Only: {
        Type: 'Choice',
        Choices: [{ Condition: '{% true %}', Output: context, Next: 'Done' }],
      },
      Done: { Type: 'Succeed' },
    });
    expect((await simulate(definition)).outcome).toEqual({ status: 'SUCCEEDED', output: entered });
  });

  test('the time of entry has a fraction only when it has milliseconds', async () => {
    const clock = { now: () => Date.parse('2026-11-23T12:00:00.120Z'), sleep: async () => undefined };
    const { outcome } = await simulate(pass('{% $states.context.State.EnteredTime %}'), { clock });
    expect(outcome).toEqual({ status: 'SUCCEEDED', output: '2026-11-23T12:00:00.120Z' });
  });
});
