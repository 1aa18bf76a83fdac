import { describe } from '@jest/globals';
import { conforms, pass } from './feature-table.ts';
import { machine } from './simulation.ts';

const evaluated = (problem: string): string =>
  `An error occurred while executing the state 'Only' (entered at the event id #2). The JSONata expression ${problem}`;
const condition = (expression: string): string =>
  machine({
    Which: { Type: 'Choice', Choices: [{ Condition: expression, Next: 'Done' }] },
    Done: { Type: 'Succeed' },
  });

describe('values in a definition', () => {
  conforms([
    ['a string without {% %} is used as it is', pass('$states.input'), {}, { output: '$states.input' }],
    [
      'expressions inside objects and arrays are evaluated',
      pass({ a: ['{% $states.input.n + 1 %}', 2] }),
      { n: 1 },
      { output: { a: [2, 2] } },
    ],
    [
      'an undefined result is an error with the state, the field and the expression',
      pass({ deep: ['{% $states.input.missing %}'] }),
      {},
      {
        error: 'States.QueryEvaluationError',
        cause:
          /state 'Only' \(entered at the event id #2\).*'\$states\.input\.missing'.*'Output\/deep\/0' returned nothing/,
      },
    ],
    [
      'a text that is not exactly one expression between {% and %} is used as it is',
      pass(['{% 1', '1 %}', ' {% 1 %}', '{% 1 %} ', '{%}']),
      {},
      { output: ['{% 1', '1 %}', ' {% 1 %}', '{% 1 %} ', '{%}'] },
    ],
    [
      'an undefined result is reported with its expression and its place in the field',
      pass({ deep: ['{% $states.input.missing %}'] }),
      {},
      {
        error: 'States.QueryEvaluationError',
        cause: evaluated(
          "'$states.input.missing' specified for the field 'Output/deep/0' returned nothing (undefined).",
        ),
      },
    ],
    [
      'a function as the result is an error',
      pass('{% $sum %}'),
      {},
      {
        error: 'States.QueryEvaluationError',
        cause: evaluated("'$sum' specified for the field 'Output' returned an unsupported result type."),
      },
    ],
    [
      'a function inside the result is an error',
      pass("{% {'a': function($x){$x}} %}"),
      {},
      { error: 'States.QueryEvaluationError', cause: /returned an unsupported result type\.$/ },
    ],
    [
      'a function that does not exist is an error when it is called',
      pass('{% $flatten([1]) %}'),
      {},
      {
        error: 'States.QueryEvaluationError',
        cause: evaluated(
          "'$flatten([1])' specified for the field 'Output' threw an error during evaluation. T1006: Attempted to invoke a non-function",
        ),
      },
    ],
    [
      'a variable that no state assigns is undefined',
      pass('{% $tokn %}'),
      {},
      { error: 'States.QueryEvaluationError', cause: /'\$tokn'.*returned nothing \(undefined\)\.$/ },
    ],
    ...(
      [
        ['1', "'number' for value: 1"],
        ["'yes'", `'string' for value: "yes"`],
        ['null', "'null' for value: null"],
        ['[true]', "'array' for value: [true]"],
        ["{'a': [1]}", `'object' for value: {"a":[1]}`],
      ] as const
    ).map(
      ([expression, found]) =>
        [
          `a result of the wrong type is reported with its type: ${expression}`,
          condition(`{% ${expression} %}`),
          {},
          {
            error: 'States.QueryEvaluationError',
            cause: `An error occurred while executing the state 'Which' (entered at the event id #2). The JSONata expression '${expression}' specified for the field 'Condition' returned an unexpected result type. Expected 'boolean', but was ${found}`,
          },
        ] as const,
    ),
    [
      'a number outside the range of a field is reported with the range',
      machine({ Wait: { Type: 'Wait', Seconds: '{% -1 %}', End: true } }),
      {},
      {
        error: 'States.QueryEvaluationError',
        cause: /'-1' specified for the field 'Seconds'.*Expected an integer of at least 0, but was -1$/,
      },
    ],
    [
      'a cause has at most 32,768 characters',
      condition("{% $pad('', 200000, 'x') %}"),
      {},
      { error: 'States.QueryEvaluationError', cause: /^.{32000,33000}$/ },
    ],
  ]);
});
