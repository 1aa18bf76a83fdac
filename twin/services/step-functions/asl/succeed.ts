import { type Definition, noErrorHandling, readState } from './definition.ts';
import { anyJson } from './kind.ts';
import type { Exit, State } from './state.ts';

export function loadSucceed(definition: Definition): State {
  const fields = readState(definition, ['Output']);
  const exit: Exit = { next: undefined, assign: undefined, output: fields.template('Output', anyJson) };
  return {
    ...noErrorHandling,
    name: definition.name,
    type: 'Succeed',
    exits: [exit],
    work: async () => ({ exit }),
  };
}
