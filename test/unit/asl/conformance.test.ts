import { describe, expect, test } from '@jest/globals';
import type { TaskInvoker } from '../../../local/asl/run.ts';
import { TaskError } from '../../../local/asl/task-error.ts';
import { machine, simulate } from './simulation.ts';

const task = 'arn:aws:states:::lambda:invoke';
const big = 'x'.repeat(262_145);
const pass = (output: unknown, more: object = {}): string =>
  machine({ Only: { Type: 'Pass', Output: output, End: true, ...more } });

/** The tasks of these machines do what their arguments ask for. */
const invoke: TaskInvoker = async (_resource, args) => {
  const { fail, answer } = args as { fail?: [string, string]; answer?: unknown };
  if (fail) throw new TaskError(...fail);
  return answer === 'large' ? big : answer;
};

const guarded = (args: object, errorEquals: string[], more: object = {}): string =>
  machine({
    Try: {
      Type: 'Task',
      Resource: task,
      Arguments: args,
      Catch: [{ ErrorEquals: errorEquals, Next: 'Caught', ...more }],
      End: true,
    },
    Caught: { Type: 'Pass', End: true },
  });

const mapped = (
  states: Record<string, object>,
  more: object = {},
  after: Record<string, object> = {},
): string =>
  machine({
    Each: {
      Type: 'Map',
      ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, StartAt: Object.keys(states)[0], States: states },
      ...(Object.keys(after).length > 0 ? { Next: Object.keys(after)[0] } : { End: true }),
      ...more,
    },
    ...after,
  });

/** JSONata is known to mark the arrays it is given: here that would throw. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

type Expected = { output: unknown } | { error: string; cause?: RegExp };
type Row = readonly [feature: string, definition: string, input: unknown, expected: Expected];

const rows: readonly Row[] = [
  // expressions
  ['a string outside of {% %} is itself', pass('$states.input'), {}, { output: '$states.input' }],
  [
    'objects and arrays are evaluated inside',
    pass({ a: ['{% $states.input.n + 1 %}', 2] }),
    { n: 1 },
    { output: { a: [2, 2] } },
  ],
  ['null is a value', pass('{% $states.input.n %}'), { n: null }, { output: null }],
  ['a plain path keeps an empty array', pass('{% $states.input.n %}'), { n: [] }, { output: [] }],
  ['a plain path keeps an array of one', pass('{% $states.input.n %}'), { n: [7] }, { output: [7] }],
  [
    'a path through an array collects',
    pass('{% $states.input.n.id %}'),
    { n: [{ id: 1 }, { id: 2 }] },
    { output: [1, 2] },
  ],
  [
    'a path through an array of one collapses',
    pass('{% $states.input.n.id %}'),
    { n: [{ id: 1 }] },
    { output: 1 },
  ],
  [
    'a predicate in an array constructor always gives an array',
    pass('{% [$states.input.n[id=1].id] %}'),
    { n: [{ id: 1 }] },
    { output: [1] },
  ],
  ['... even an empty one', pass('{% [$states.input.n[id=9].id] %}'), { n: [{ id: 1 }] }, { output: [] }],
  [
    '[] keeps the array it is given as it was',
    pass('{% $states.input.n[] %}'),
    { n: [{ id: 1 }] },
    { output: [{ id: 1 }] },
  ],
  [
    'an inherited property is nothing',
    pass('{% $states.input.constructor %}'),
    {},
    { error: 'States.QueryEvaluationError' },
  ],
  [
    'an undefined result names state, field and expression',
    pass({ deep: ['{% $states.input.missing %}'] }),
    {},
    {
      error: 'States.QueryEvaluationError',
      cause:
        /state 'Only' \(entered at the event id #2\).*'\$states\.input\.missing'.*'Output\/deep\/0' returned nothing/,
    },
  ],
  [
    '$error() fails the evaluation with its message',
    pass("{% $error('not done') %}"),
    {},
    { error: 'States.QueryEvaluationError', cause: /not done/ },
  ],
  [
    'a function is no result',
    pass('{% $sum %}'),
    {},
    { error: 'States.QueryEvaluationError', cause: /function/ },
  ],
  [
    '$states.context shows the execution and the state',
    pass('{% $states.context.Execution.Name & $states.context.State.Name %}'),
    {},
    { output: 'run-1Only' },
  ],
  [
    '$partition cuts an array',
    pass('{% $partition([1,2,3,4,5], 2) %}'),
    {},
    { output: [[1, 2], [3, 4], [5]] },
  ],
  ['$range counts', pass('{% $range(0, 10, 5) %}'), {}, { output: [0, 5, 10] }],
  ['$range counts down', pass('{% $range(3, 1, -1) %}'), {}, { output: [3, 2, 1] }],
  [
    '$range refuses a step of 0',
    pass('{% $range(3, 1, 0) %}'),
    {},
    { error: 'States.QueryEvaluationError', cause: /\$range/ },
  ],
  ['$hash hashes', pass("{% $hash('a', 'MD5') %}"), {}, { output: '0cc175b9c0f1b6a831c399e269772661' }],
  [
    '$hash refuses an unknown algorithm',
    pass("{% $hash('a', 'CRC') %}"),
    {},
    { error: 'States.QueryEvaluationError', cause: /CRC.*SHA-256/ },
  ],
  ['$parse reads JSON', pass('{% $parse($states.input.text).a %}'), { text: '{"a":[1]}' }, { output: [1] }],
  [
    '$parse fails on what is not JSON',
    pass("{% $parse('{') %}"),
    {},
    { error: 'States.QueryEvaluationError' },
  ],
  ["$random() is the execution's", pass('{% $random() %}'), {}, { output: 0.5 }],
  [
    '$random(seed) repeats itself',
    pass('{% $random(7) = $random(7) and $random(7) != $random(8) %}'),
    {},
    { output: true },
  ],
  [
    '$uuid() is a fresh version 4',
    pass('{% $contains($uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4/) and $uuid() != $uuid() %}'),
    {},
    { output: true },
  ],
  ["$now() is the execution's clock", pass('{% $now() %}'), {}, { output: '2026-11-23T12:00:00.000Z' }],
  ['$now(picture) formats it', pass("{% $now('[Y]-[M01]') %}"), {}, { output: '2026-11' }],
  [
    "$millis() is the execution's clock",
    pass('{% $millis() %}'),
    {},
    { output: Date.parse('2026-11-23T12:00:00Z') },
  ],
  // Assign and Output
  [
    "Assign and Output see the values at the state's entry",
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
    'a state without Output hands on its input',
    machine({ A: { Type: 'Pass', End: true } }),
    { a: 1 },
    { output: { a: 1 } },
  ],
  [
    'a Task without Output hands on its result',
    machine({ A: { Type: 'Task', Resource: task, Arguments: { answer: 5 }, End: true } }),
    {},
    { output: 5 },
  ],
  [
    'a Task without Arguments gets the input',
    machine({ A: { Type: 'Task', Resource: task, End: true } }),
    { answer: 6 },
    { output: 6 },
  ],
  [
    "a Task's Output sees $states.result",
    machine({
      A: {
        Type: 'Task',
        Resource: task,
        Arguments: { answer: [1, 2] },
        Output: '{% $sum($states.result) %}',
        End: true,
      },
    }),
    {},
    { output: 3 },
  ],
  [
    'Succeed has an Output',
    machine({ A: { Type: 'Succeed', Output: '{% $states.input.a %}' } }),
    { a: 1 },
    { output: 1 },
  ],
  [
    'an array kept in a variable is plain when it is read again',
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
    'a variable stays when later states assign others',
    machine({
      A: { Type: 'Pass', Assign: { a: 1, b: 1 }, Next: 'B' },
      B: { Type: 'Pass', Assign: { b: 2 }, Next: 'C' },
      C: { Type: 'Pass', Output: '{% [$a, $b] %}', End: true },
    }),
    {},
    { output: [1, 2] },
  ],
  [
    'a Task that answers nothing has the result null',
    machine({
      A: { Type: 'Task', Resource: task, Arguments: {}, Output: ['{% $states.result %}'], End: true },
    }),
    {},
    { output: [null] },
  ],
  // Choice
  ...(['low', 'high', 'other'] as const).map(
    (way): Row => [
      `Choice takes the first rule that holds, else Default: ${way}`,
      machine({
        Which: {
          Type: 'Choice',
          Choices: [
            { Condition: '{% $states.input.n < 5 %}', Output: 'low', Next: 'Done' },
            { Condition: '{% $states.input.n > 9 %}', Assign: { seen: 'high' }, Next: 'Seen' },
          ],
          Output: 'other',
          Default: 'Done',
        },
        Seen: { Type: 'Pass', Output: '{% $seen %}', Next: 'Done' },
        Done: { Type: 'Succeed' },
      }),
      { n: { low: 1, high: 10, other: 7 }[way] },
      { output: way },
    ],
  ),
  [
    'Choice without a match and Default fails',
    machine({
      Which: { Type: 'Choice', Choices: [{ Condition: '{% false %}', Next: 'Done' }] },
      Done: { Type: 'Succeed' },
    }),
    {},
    { error: 'States.NoChoiceMatched' },
  ],
  [
    'a Condition must be a boolean',
    machine({
      Which: { Type: 'Choice', Choices: [{ Condition: '{% 1 %}', Next: 'Done' }] },
      Done: { Type: 'Succeed' },
    }),
    {},
    { error: 'States.QueryEvaluationError', cause: /'Condition'.*expected a boolean, but was 1/ },
  ],
  // Fail
  [
    'Fail fails',
    machine({ A: { Type: 'Fail', Error: 'Sad', Cause: "{% 'n = ' & $states.input.n %}" } }),
    { n: 1 },
    { error: 'Sad', cause: /^n = 1$/ },
  ],
  // Catch
  [
    'a Catch hands on the error output',
    guarded({ fail: ['Oops', 'why'] }, ['Oops']),
    {},
    { output: { Error: 'Oops', Cause: 'why' } },
  ],
  [
    "a Catch's Output sees the error and the input",
    guarded({ fail: ['Oops', 'why'] }, ['Oops'], {
      Output: '{% $states.errorOutput.Cause & $states.input.n %}',
    }),
    { n: 1 },
    { output: 'why1' },
  ],
  [
    'a Catch of another name does not match',
    guarded({ fail: ['Oops', 'why'] }, ['Other']),
    {},
    { error: 'Oops', cause: /^why$/ },
  ],
  [
    "States.ALL matches a task's error",
    guarded({ fail: ['Oops', 'why'] }, ['States.ALL']),
    {},
    { output: { Error: 'Oops', Cause: 'why' } },
  ],
  [
    "States.TaskFailed matches a task's error",
    guarded({ fail: ['Oops', 'why'] }, ['States.TaskFailed']),
    {},
    { output: { Error: 'Oops', Cause: 'why' } },
  ],
  [
    'States.TaskFailed does not match States.Timeout',
    guarded({ fail: ['States.Timeout', ''] }, ['States.TaskFailed']),
    {},
    { error: 'States.Timeout' },
  ],
  [
    'States.ALL does not match States.Runtime',
    guarded({ fail: ['States.Runtime', ''] }, ['States.ALL']),
    {},
    { error: 'States.Runtime' },
  ],
  [
    'nothing matches States.Runtime',
    guarded({ fail: ['States.Runtime', ''] }, ['States.Runtime']),
    {},
    { error: 'States.Runtime' },
  ],
  [
    "a Task's evaluation error can be caught",
    guarded({ answer: '{% $states.input.no %}' }, ['States.QueryEvaluationError'], { Output: 'caught' }),
    {},
    { output: 'caught' },
  ],
  // the data limit
  [
    'a result over 256 KiB fails',
    guarded({ answer: '{% $pad("", 262145, "x") %}' }, ['Other']),
    {},
    { error: 'States.DataLimitExceeded', cause: /'Try' returned a result with a size exceeding/ },
  ],
  [
    'States.ALL does not match States.DataLimitExceeded',
    guarded({ answer: '{% $pad("", 262145, "x") %}' }, ['States.ALL']),
    {},
    { error: 'States.DataLimitExceeded' },
  ],
  [
    'States.TaskFailed does not match States.DataLimitExceeded',
    guarded({ answer: '{% $pad("", 262145, "x") %}' }, ['States.TaskFailed']),
    {},
    { error: 'States.DataLimitExceeded' },
  ],
  [
    'its own name matches States.DataLimitExceeded',
    guarded({ answer: '{% $pad("", 262145, "x") %}' }, ['States.DataLimitExceeded'], { Output: 'caught' }),
    {},
    { output: 'caught' },
  ],
  [
    'arguments over 256 KiB fail before the call',
    guarded({ fail: ['Called', ''], more: '{% $pad("", 262145, "x") %}' }, ['Other']),
    {},
    { error: 'States.DataLimitExceeded' },
  ],
  [
    'a result over 256 KiB fails however small the Output',
    machine({ A: { Type: 'Task', Resource: task, Output: 1, End: true } }),
    { answer: 'large' },
    { error: 'States.DataLimitExceeded' },
  ],
  [
    'an iteration input over 256 KiB fails',
    mapped(
      { A: { Type: 'Pass', Output: 1, End: true } },
      { ItemSelector: '{% $states.context.Map.Item.Value & $states.context.Map.Item.Value %}' },
    ),
    ['x'.repeat(140_000)],
    { error: 'States.DataLimitExceeded' },
  ],
  ['an input over 256 KiB fails', pass(1), big, { error: 'States.DataLimitExceeded' }],
  ['exactly 256 KiB is fine', pass('{% $length($states.input) %}'), 'x'.repeat(262_142), { output: 262_142 }],
  [
    'the limit counts bytes, not characters',
    pass(1),
    'ü'.repeat(131_073),
    { error: 'States.DataLimitExceeded' },
  ],
  ['the limit counts what JSON escapes', pass(1), '"'.repeat(131_073), { error: 'States.DataLimitExceeded' }],
  [
    'a variable over 256 KiB fails',
    pass(1, { Assign: { a: '{% $states.input & $states.input %}' } }),
    'x'.repeat(140_000),
    { error: 'States.DataLimitExceeded' },
  ],
  // Map
  [
    'Map keeps the order',
    mapped({ A: { Type: 'Pass', Output: '{% $states.input * 2 %}', End: true } }),
    [3, 1, 2],
    { output: [6, 2, 4] },
  ],
  ['Map of nothing is empty', mapped({ A: { Type: 'Pass', End: true } }), [], { output: [] }],
  [
    'Map needs an array',
    mapped({ A: { Type: 'Pass', End: true } }),
    { a: 1 },
    { error: 'States.QueryEvaluationError', cause: /expected an array/ },
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
    'an iteration reads outer variables and keeps its own',
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
    mapped({ A: { Type: 'Task', Resource: task, End: true } }),
    [{ answer: 1 }, { fail: ['Oops', 'second'] }],
    { error: 'Oops', cause: /^second$/ },
  ],
  [
    "a Map's Catch sees the iteration's error",
    mapped(
      { A: { Type: 'Task', Resource: task, End: true } },
      { Catch: [{ ErrorEquals: ['Oops'], Next: 'Caught' }] },
      { Caught: { Type: 'Pass', End: true } },
    ),
    [{ answer: 1 }, { fail: ['Oops', 'second'] }],
    { output: { Error: 'Oops', Cause: 'second' } },
  ],
  [
    "a Map's result counts against the limit",
    mapped({ A: { Type: 'Pass', Output: '{% $pad("", 100000, "x") %}', End: true } }),
    [1, 2, 3],
    { error: 'States.DataLimitExceeded', cause: /'Each'/ },
  ],
  [
    'Maps nest',
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
];

describe('an execution does as the Amazon States Language says', () => {
  test.each(rows)('%s', async (_feature, definition, input, expected) => {
    const { outcome } = await simulate(definition, { input: frozen(input), invoke });
    if ('output' in expected) expect(outcome).toStrictEqual({ status: 'SUCCEEDED', output: expected.output });
    else {
      expect(outcome).toMatchObject({ status: 'FAILED', error: expected.error });
      if (expected.cause) expect(outcome).toHaveProperty('cause', expect.stringMatching(expected.cause));
    }
  });
});
