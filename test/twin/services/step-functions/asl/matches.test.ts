import { describe } from '@jest/globals';
import { conforms, guarded } from './feature-table.ts';

describe('error names', () => {
  conforms([
    [
      'a Catch passes on the error output',
      guarded({ fail: ['Oops', 'why'] }, ['Oops']),
      {},
      { output: { Error: 'Oops', Cause: 'why' } },
    ],
    [
      'the Output of a Catch sees the error and the input',
      guarded({ fail: ['Oops', 'why'] }, ['Oops'], {
        Output: '{% $states.errorOutput.Cause & $states.input.n %}',
      }),
      { n: 1 },
      { output: 'why1' },
    ],
    [
      'a Catch for another error does not match',
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
      'even States.Runtime does not match States.Runtime',
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
      'a Catch passes on an empty cause when the error has none',
      guarded({ fail: ['Oops'] }, ['Oops']),
      {},
      { output: { Error: 'Oops', Cause: '' } },
    ],
  ]);
});
