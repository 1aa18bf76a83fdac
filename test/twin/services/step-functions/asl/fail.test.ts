import { describe, expect, test } from '@jest/globals';
import { conforms, mapped } from './feature-table.ts';
import { machine, simulate } from './simulation.ts';

describe('a Fail', () => {
  conforms([
    [
      'Fail fails',
      machine({ A: { Type: 'Fail', Error: 'Sad', Cause: "{% 'n = ' & $states.input.n %}" } }),
      { n: 1 },
      { error: 'Sad', cause: /^n = 1$/ },
    ],
    [
      'without Cause ends the execution without one',
      machine({ A: { Type: 'Fail', Error: 'Sad' } }),
      {},
      { error: 'Sad', cause: undefined },
    ],
    [
      'without Error ends the execution without one',
      machine({ A: { Type: 'Fail', Cause: 'why' } }),
      {},
      { error: undefined, cause: 'why' },
    ],
    [
      'that is caught hands on empty text for what it leaves out',
      mapped(
        { A: { Type: 'Fail' } },
        { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }] },
        { Caught: { Type: 'Pass', End: true } },
      ),
      [1],
      { output: { Error: '', Cause: '' } },
    ],
  ]);

  test('leaves an absent Error or Cause out of the history, too', async () => {
    const { events } = await simulate(machine({ A: { Type: 'Fail' } }));
    expect(events.at(-1)).toHaveProperty('executionFailedEventDetails', {});
  });
});
