import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { runFunctions } from '../../../../../twin/services/step-functions/asl/functions.ts';
import { compileExpression } from '../../../../../twin/services/step-functions/asl/jsonata.ts';
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

test('a plain path, which is evaluated without JSONata, has the same result as in JSONata', async () => {
  await fc.assert(
    fc.asyncProperty(document, fc.array(name, { maxLength: 3 }), async (input, names) => {
      const path = ['$states', 'input', ...names].join('.');
      const sight = { states: { input, context: {} }, variables: {}, functions };
      const direct = await compileExpression(path).evaluate(sight);
      // Parentheses make it a block, which is not a plain path.
      expect(direct).toStrictEqual(await compileExpression(`(${path})`).evaluate(sight));
    }),
    { numRuns: 500 },
  );
});

describe('JSONata expression', () => {
  conforms([
    ['null is a value', pass('{% $states.input.n %}'), { n: null }, { output: null }],
    [
      'a plain path returns an empty array as it is',
      pass('{% $states.input.n %}'),
      { n: [] },
      { output: [] },
    ],
    [
      'a plain path returns an array of one element as it is',
      pass('{% $states.input.n %}'),
      { n: [7] },
      { output: [7] },
    ],
    [
      'a path through an array collects the values of its elements',
      pass('{% $states.input.n.id %}'),
      { n: [{ id: 1 }, { id: 2 }] },
      { output: [1, 2] },
    ],
    [
      'a path through an array of one element returns the value without an array',
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
    [
      'a predicate in an array constructor gives an empty array when nothing matches',
      pass('{% [$states.input.n[id=9].id] %}'),
      { n: [{ id: 1 }] },
      { output: [] },
    ],
    [
      '[] returns an array as it is',
      pass('{% $states.input.n[] %}'),
      { n: [{ id: 1 }] },
      { output: [{ id: 1 }] },
    ],
    [
      'an inherited property is undefined',
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
      'a partially applied function is not mistaken for endless recursion',
      pass(
        '{% ($twice := function($f, $x){ $f($f($x)) }; $twice($power(?, 2), 3) + $sum([1..3].($ * 2))) %}',
      ),
      {},
      { output: 93 },
    ],
    [
      'an endless expression is stopped after a second',
      pass('{% ($again := function($n){ $again($n + 1) }; $again(1)) %}'),
      {},
      { error: 'States.QueryEvaluationError', cause: /longer than 1000 ms/ },
    ],
  ]);
});
