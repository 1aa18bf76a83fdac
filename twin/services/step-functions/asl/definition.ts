import { type Fields, readFields } from './fields.ts';
import type { Json } from './json.ts';
import { anyJson, boolean, names, text } from './kind.ts';
import { checkAllIsLast, loadRetry } from './retry.ts';
import type { Scope } from './scope.ts';
import type { Exit, State } from './state.ts';

/** A state as written in the definition. */
export interface Definition {
  readonly name: string;
  readonly json: Json;
  readonly scope: Scope;
  /** The state machine's query language, for states that name none. */
  readonly language: string;
}

export const exitFields = ['Next', 'End', 'Output', 'Assign'] as const;
export const errorFields = ['Retry', 'Catch'] as const;
export const noErrorHandling = { retry: [], catch: [] } as const;

/** The state's fields: the given ones, and those that every state may have. */
export function readState({ name, json, scope, language }: Definition, supported: readonly string[]): Fields {
  const known = ['Type', 'Comment', 'QueryLanguage', ...supported];
  const fields = readFields(json, `state "${name}"`, String(json['Type']), known, scope);
  if (name.length > 80)
    throw fields.refuse(`a state's name may have 80 characters, this one has ${name.length}`);
  const own = fields.literal('QueryLanguage', text) ?? language;
  if (own !== 'JSONata')
    throw fields.refuse(
      `"QueryLanguage" must be "JSONata", in the state or for the whole machine, got "${own}"; without one it is JSONPath`,
    );
  return fields;
}

/** The transition of a state that has either End or Next. */
export function loadExit(fields: Fields): Exit {
  const end = fields.literal('End', boolean) ?? false;
  if (end === fields.has('Next')) throw fields.refuse('needs either "Next" or "End": true');
  return { ...settlement(fields), next: fields.literal('Next', text) };
}

/** The transition of a Choice rule or a Catch, which always has a Next. */
export const loadNext = (fields: Fields): Exit => ({
  ...settlement(fields),
  next: fields.required('Next', text),
});

/** What the state assigns and outputs when it is left. */
export const settlement = (fields: Fields): Omit<Exit, 'next'> => ({
  assign: fields.assign(),
  output: fields.template('Output', anyJson),
});

export function loadErrorHandling(state: Fields): Pick<State, 'retry' | 'catch'> {
  const catchers = state
    .each('Catch', ['ErrorEquals', 'Next', 'Output', 'Assign', 'Comment'])
    .map((fields) => ({ ...loadNext(fields), errorEquals: fields.required('ErrorEquals', names) }));
  checkAllIsLast(state, 'Catch', catchers);
  return { retry: loadRetry(state), catch: catchers };
}
