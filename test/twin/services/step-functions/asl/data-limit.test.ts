import { describe } from '@jest/globals';
import { big, conforms, guarded, lambdaInvoke, mapped, pass } from './feature-table.ts';
import { machine } from './simulation.ts';

const limitOf = (subject: string): string =>
  `The state/task '${subject}' returned a result with a size exceeding the maximum number of bytes service limit.`;

describe('data limit of 256 KiB', () => {
  conforms([
    [
      "a task's result over 256 KiB fails, and the error names the service",
      guarded({ answer: 'large' }, ['Other']),
      {},
      { error: 'States.DataLimitExceeded', cause: limitOf('lambda') },
    ],
    [
      "States.ALL matches a task's result over the limit",
      guarded({ answer: 'large' }, ['States.ALL']),
      {},
      { output: { Error: 'States.DataLimitExceeded', Cause: limitOf('lambda') } },
    ],
    [
      "States.TaskFailed does not match a task's result over the limit",
      guarded({ answer: 'large' }, ['States.TaskFailed']),
      {},
      { error: 'States.DataLimitExceeded' },
    ],
    [
      "States.DataLimitExceeded matches a task's result over the limit",
      guarded({ answer: 'large' }, ['States.DataLimitExceeded'], { Output: 'caught' }),
      {},
      { output: 'caught' },
    ],
    [
      'arguments over 256 KiB fail before the call, and the error names the state',
      guarded({ fail: ['Called', ''], more: '{% $pad("", 262145, "x") %}' }, ['Other']),
      {},
      { error: 'States.DataLimitExceeded', cause: limitOf('Try') },
    ],
    [
      "States.ALL does not match data over the limit other than a task's result",
      guarded({ answer: '{% $pad("", 262145, "x") %}' }, ['States.ALL']),
      {},
      { error: 'States.DataLimitExceeded' },
    ],
    [
      'States.DataLimitExceeded matches any data over the limit',
      guarded({ answer: '{% $pad("", 262145, "x") %}' }, ['States.DataLimitExceeded'], { Output: 'caught' }),
      {},
      { output: 'caught' },
    ],
    [
      "a task's result over 256 KiB fails even when Output is small",
      machine({ A: { Type: 'Task', Resource: lambdaInvoke, Output: 1, End: true } }),
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
    [
      'data of exactly 256 KiB is accepted',
      pass('{% $length($states.input) %}'),
      'x'.repeat(262_142),
      { output: 262_142 },
    ],
    [
      'the limit counts bytes, not characters',
      pass(1),
      'ü'.repeat(131_073),
      { error: 'States.DataLimitExceeded' },
    ],
    [
      'the limit counts the characters that JSON adds for escaping',
      pass(1),
      '"'.repeat(131_073),
      { error: 'States.DataLimitExceeded' },
    ],
    [
      'a variable over 256 KiB fails',
      pass(1, { Assign: { a: '{% $states.input & $states.input %}' } }),
      'x'.repeat(140_000),
      { error: 'States.DataLimitExceeded' },
    ],
  ]);
});
