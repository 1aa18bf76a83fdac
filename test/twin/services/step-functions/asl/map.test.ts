import { describe } from '@jest/globals';
import { conforms, mapped, task } from './feature-table.ts';
import { machine } from './simulation.ts';

const entered = "An error occurred while executing the state 'Each' (entered at the event id #2).";

describe('results of a Map', () => {
  conforms([
    [
      'a Map keeps the order of its items',
      mapped({ A: { Type: 'Pass', Output: '{% $states.input * 2 %}', End: true } }),
      [3, 1, 2],
      { output: [6, 2, 4] },
    ],
    [
      'a Map over an empty array has an empty result',
      mapped({ A: { Type: 'Pass', End: true } }),
      [],
      { output: [] },
    ],
    [
      'a Map without an array as input fails',
      mapped({ A: { Type: 'Pass', End: true } }),
      { a: 1 },
      {
        error: 'States.QueryEvaluationError',
        cause: `${entered} Map state input must be an array but was: {"a":1}`,
      },
    ],
    [
      "ItemSelector sees the Map's input, the item and its index",
      mapped(
        { A: { Type: 'Pass', End: true } },
        {
          Items: '{% $states.input.n %}',
          ItemSelector: [
            '{% $states.input.a %}',
            '{% $states.context.Map.Item.Index %}',
            '{% $states.context.Map.Item.Value %}',
          ],
        },
      ),
      { a: 'a', n: ['x', 'y'] },
      {
        output: [
          ['a', 0, 'x'],
          ['a', 1, 'y'],
        ],
      },
    ],
    [
      'an iteration can read outer variables, and its own stay inside',
      machine({
        Before: { Type: 'Pass', Assign: { outer: 10 }, Next: 'Each' },
        Each: {
          Type: 'Map',
          ItemProcessor: {
            StartAt: 'A',
            States: {
              A: { Type: 'Pass', Assign: { inner: '{% $outer + $states.input %}' }, Next: 'B' },
              B: { Type: 'Pass', Output: '{% $inner %}', End: true },
            },
          },
          Assign: { total: '{% $sum($states.result) %}' },
          Next: 'After',
        },
        After: { Type: 'Pass', Output: ['{% $states.input %}', '{% $total %}'], End: true },
      }),
      [1, 2],
      { output: [[11, 12], 23] },
    ],
    [
      'one failed iteration fails the Map with its error',
      mapped({ A: task }),
      [{ answer: 1 }, { fail: ['Oops', 'second'] }],
      { error: 'Oops', cause: /^second$/ },
    ],
    [
      "a Map's Catch sees the iteration's error",
      mapped(
        { A: task },
        { Catch: [{ ErrorEquals: ['Oops'], Next: 'Caught' }] },
        { Caught: { Type: 'Pass', End: true } },
      ),
      [{ answer: 1 }, { fail: ['Oops', 'second'] }],
      { output: { Error: 'Oops', Cause: 'second' } },
    ],
    [
      'the result of a Map counts against the data limit',
      mapped({ A: { Type: 'Pass', Output: '{% $pad("", 100000, "x") %}', End: true } }),
      [1, 2, 3],
      { error: 'States.DataLimitExceeded', cause: /'Each'/ },
    ],
    [
      'Maps can be nested',
      mapped({
        Inner: {
          Type: 'Map',
          ItemProcessor: {
            StartAt: 'B',
            States: { B: { Type: 'Pass', Output: '{% $states.input + 1 %}', End: true } },
          },
          End: true,
        },
      }),
      [[1], [2, 3]],
      { output: [[2], [3, 4]] },
    ],
    [
      'a Map whose Items are no array fails',
      mapped({ A: { Type: 'Pass', End: true } }, { Items: '{% $states.input.n %}' }),
      { n: 'x' },
      {
        error: 'States.QueryEvaluationError',
        cause: `${entered} The JSONata expression '$states.input.n' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'string' for value: "x"`,
      },
    ],
    [
      'a Map whose Items are a function fails',
      mapped({ A: { Type: 'Pass', End: true } }, { Items: '{% $sum %}' }),
      {},
      {
        error: 'States.QueryEvaluationError',
        cause: `${entered} The JSONata expression '$sum' specified for the field 'Items' returned an unsupported result type.`,
      },
    ],
  ]);
});
