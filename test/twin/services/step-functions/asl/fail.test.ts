import { describe, expect, test } from '@jest/globals';
import { conforms, mapped } from './feature-table.ts';
import { machine, simulate } from './simulation.ts';

describe('Fail', () => {
  conforms([
    [
      'Fail ends the execution with its Error and its evaluated Cause',
      machine({ A: { Type: 'Fail', Error: 'Sad', Cause: "{% 'n = ' & $states.input.n %}" } }),
      { n: 1 },
      { error: 'Sad', cause: /^n = 1$/ },
    ],
    [
      'Fail without Cause ends the execution without a cause',
      machine({ A: { Type: 'Fail', Error: 'Sad' } }),
      {},
      { error: 'Sad', cause: undefined },
    ],
    [
      'Fail without Error ends the execution without an error',
      machine({ A: { Type: 'Fail', Cause: 'why' } }),
      {},
      { error: undefined, cause: 'why' },
    ],
    [
      'a caught Fail gives empty texts for the missing Error and Cause',
      mapped(
        { A: { Type: 'Fail' } },
        { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }] },
        { Caught: { Type: 'Pass', End: true } },
      ),
      [1],
      { output: { Error: '', Cause: '' } },
    ],
  ]);

  test('the history has no error or cause of a Fail without Error and Cause', async () => {
    const { events } = await simulate(machine({ A: { Type: 'Fail' } }));
    expect(events.at(-1)).toHaveProperty('executionFailedEventDetails', {});
  });
});
