import { type Definition, exitFields, loadExit, noErrorHandling, readState } from './definition.ts';
import type { State } from './state.ts';

export function loadPass(definition: Definition): State {
  const exit = loadExit(readState(definition, exitFields));
  return {
    ...noErrorHandling,
    name: definition.name,
    type: 'Pass',
    exits: [exit],
    work: async () => ({ exit }),
  };
}
