import { type Definition, noErrorHandling, readState } from './definition.ts';
import { text } from './kind.ts';
import type { State } from './state.ts';
import { StateError } from './state-error.ts';

export function loadFail(definition: Definition): State {
  const fields = readState(definition, ['Error', 'Cause']);
  const error = fields.template('Error', text);
  const cause = fields.template('Cause', text);
  return {
    ...noErrorHandling,
    name: definition.name,
    type: 'Fail',
    exits: [],
    async work({ evaluate }) {
      throw new StateError(error && (await evaluate(error)), cause && (await evaluate(cause)));
    },
  };
}
