import { describe } from '@jest/globals';
import { conforms, guarded } from './feature-table.ts';

describe('a Catch', () => {
  conforms([
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
    [
      'that takes an error without cause hands on an empty one',
      guarded({ fail: ['Oops'] }, ['Oops']),
      {},
      { output: { Error: 'Oops', Cause: '' } },
    ],
  ]);
});
