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

describe('a value in a definition', () => {
  conforms([
    ['a string outside of {% %} is itself', pass('$states.input'), {}, { output: '$states.input' }],
    [
      'objects and arrays are evaluated inside',
      pass({ a: ['{% $states.input.n + 1 %}', 2] }),
      { n: 1 },
      { output: { a: [2, 2] } },
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
      'text that only begins or only ends like an expression, or has spaces around one, is itself',
      pass(['{% 1', '1 %}', ' {% 1 %}', '{% 1 %} ', '{%}']),
      {},
      { output: ['{% 1', '1 %}', ' {% 1 %}', '{% 1 %} ', '{%}'] },
    ],
    [
      'an undefined result is told with its expression and its place',
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
      'a function is no result',
      pass('{% $sum %}'),
      {},
      {
        error: 'States.QueryEvaluationError',
        cause: evaluated("'$sum' specified for the field 'Output' returned an unsupported result type."),
      },
    ],
    [
      'a function inside of a result is no result',
      pass("{% {'a': function($x){$x}} %}"),
      {},
      { error: 'States.QueryEvaluationError', cause: /returned an unsupported result type\.$/ },
    ],
    [
      'a name that nothing defines is found when it is called',
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
      'a variable that no state assigns is nothing',
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
          `a result of the wrong type is told with its type: ${expression}`,
          condition(`{% ${expression} %}`),
          {},
          {
            error: 'States.QueryEvaluationError',
            cause: `An error occurred while executing the state 'Which' (entered at the event id #2). The JSONata expression '${expression}' specified for the field 'Condition' returned an unexpected result type. Expected 'boolean', but was ${found}`,
          },
        ] as const,
    ),
    [
      'a number that the field cannot take is told with what it takes',
      machine({ Wait: { Type: 'Wait', Seconds: '{% -1 %}', End: true } }),
      {},
      {
        error: 'States.QueryEvaluationError',
        cause: /'-1' specified for the field 'Seconds'.*Expected an integer of at least 0, but was -1$/,
      },
    ],
    [
      'a cause holds 32,768 characters at most',
      condition("{% $pad('', 200000, 'x') %}"),
      {},
      { error: 'States.QueryEvaluationError', cause: /^.{32000,33000}$/ },
    ],
  ]);
});
