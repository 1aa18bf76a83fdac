import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileExpression } from '../../../../../twin/services/step-functions/asl/expression.ts';
import { runFunctions } from '../../../../../twin/services/step-functions/asl/functions.ts';
import { conforms, pass } from './feature-table.ts';
import { virtualClock } from './simulation.ts';

const functions = runFunctions(virtualClock(), () => 0);
const name = fc.constantFrom('a', 'b', 'c');
const { document } = fc.letrec((tie) => ({
  document: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, 1, '', 'x'),
    fc.array(tie('document'), { maxLength: 3 }),
    fc.dictionary(name, tie('document'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));

test('a plain path, which is looked up without JSONata, gives what JSONata gives', async () => {
  await fc.assert(
    fc.asyncProperty(document, fc.array(name, { maxLength: 3 }), async (input, names) => {
      const path = ['$states', 'input', ...names].join('.');
      const sight = { states: { input, context: {} }, variables: {}, functions };
      const direct = await compileExpression(path).evaluate(sight);
      // Parentheses make it a block, which is no plain path.
      expect(direct).toStrictEqual(await compileExpression(`(${path})`).evaluate(sight));
    }),
    { numRuns: 500 },
  );
});

describe('an expression', () => {
  conforms([
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
      '$error() fails the evaluation with its message',
      pass("{% $error('not done') %}"),
      {},
      { error: 'States.QueryEvaluationError', cause: /not done/ },
    ],
    [
      '$states.context shows the execution and the state',
      pass('{% $states.context.Execution.Name & $states.context.State.Name %}'),
      {},
      { output: 'run-1Only' },
    ],
    [
      'with a partially applied function is not taken for one that never ends',
      pass(
        '{% ($twice := function($f, $x){ $f($f($x)) }; $twice($power(?, 2), 3) + $sum([1..3].($ * 2))) %}',
      ),
      {},
      { output: 93 },
    ],
    [
      'that never ends is ended after a second',
      pass('{% ($again := function($n){ $again($n + 1) }; $again(1)) %}'),
      {},
      { error: 'States.QueryEvaluationError', cause: /longer than 1000 ms/ },
    ],
  ]);
});
