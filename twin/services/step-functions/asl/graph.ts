import type { Fields } from './fields.ts';
import { InvalidDefinition } from './invalid-definition.ts';
import type { Flow, State } from './state.ts';

/** Checks that every target exists, every state can be reached, and an end can be reached. */
export function checkGraph({ startAt, states }: Flow, { refuse }: Fields): void {
  if (!states.has(startAt)) throw refuse(`"StartAt" names "${startAt}", which is none of its states`);
  const reached = new Set([startAt]);
  for (const name of reached) for (const next of targets(states.get(name))) reached.add(next);
  for (const [name, state] of states) {
    const missing = targets(state).find((target) => !states.has(target));
    if (missing !== undefined)
      throw new InvalidDefinition(
        `state "${name}": leads to "${missing}", which is none of the states beside it`,
      );
    if (!reached.has(name))
      throw new InvalidDefinition(`state "${name}": cannot be reached from "${startAt}"`);
  }
  if (![...states.values()].some(isTerminal))
    throw refuse('no state ends it; give one "End": true, or add a Succeed or Fail');
}

const targets = (state: State | undefined): string[] =>
  [...(state?.exits ?? []), ...(state?.catch ?? [])].flatMap(({ next }) => next ?? []);

const isTerminal = ({ type, exits }: State): boolean =>
  type === 'Fail' || exits.some(({ next }) => next === undefined);
