import { describe } from '@jest/globals';
import { conforms, type Row } from './feature-table.ts';
import { machine } from './simulation.ts';

describe('Choice', () => {
  conforms([
    ...(['low', 'high', 'other'] as const).map(
      (way): Row => [
        `Choice takes the first rule that holds, or else Default: ${way}`,
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
      'a Choice without a matching rule and without Default fails',
      machine({
        Which: { Type: 'Choice', Choices: [{ Condition: '{% false %}', Next: 'Done' }] },
        Done: { Type: 'Succeed' },
      }),
      {},
      { error: 'States.NoChoiceMatched' },
    ],
  ]);
});
