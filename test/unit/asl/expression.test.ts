import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileExpression } from '../../../local/asl/expression.ts';
import { runFunctions } from '../../../local/asl/functions.ts';
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
