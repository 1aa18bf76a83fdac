import { type Definition, loadNext, noErrorHandling, readState, settlement } from './definition.ts';
import { boolean, text } from './kind.ts';
import type { Exit, State } from './state.ts';
import { StateError } from './state-error.ts';

export function loadChoice(definition: Definition): State {
  const fields = readState(definition, ['Choices', 'Default', 'Output', 'Assign']);
  const rules = fields.each('Choices', ['Condition', 'Next', 'Output', 'Assign', 'Comment']).map((rule) => {
    const condition = rule.template('Condition', boolean);
    if (condition === undefined) throw rule.refuse('"Condition" is missing');
    return { condition, exit: loadNext(rule) };
  });
  if (rules.length === 0) throw fields.refuse('"Choices" must hold at least one rule');
  const otherwise = fields.literal('Default', text);
  // Step Functions uses the state's own Output and Assign only on the way to Default.
  const left = settlement(fields);
  const fallback: Exit | undefined = otherwise === undefined ? undefined : { ...left, next: otherwise };
  return {
    ...noErrorHandling,
    name: definition.name,
    type: 'Choice',
    exits: [...rules.map(({ exit }) => exit), ...(fallback ? [fallback] : [])],
    async work({ evaluate }) {
      for (const { condition, exit } of rules) if (await evaluate(condition)) return { exit };
      if (fallback) return { exit: fallback };
      throw new StateError('States.NoChoiceMatched', 'No rule matched, and the state has no Default.');
    },
  };
}
