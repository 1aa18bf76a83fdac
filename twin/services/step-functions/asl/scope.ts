import { InvalidDefinition } from './invalid-definition.ts';

/** Where variables live: the whole machine, or one iteration of a Map. An inner scope reads the outer ones. */
export interface Scope {
  readonly assigned: Map<string, string>;
  readonly reads: { readonly variable: string; readonly place: string }[];
  /** The mistakes found so far that Step Functions accepts. */
  readonly mistakes: string[];
  readonly inner: Scope[];
}

export function newScope(outer?: Scope): Scope {
  const scope: Scope = { assigned: new Map(), reads: [], mistakes: [], inner: [] };
  outer?.inner.push(scope);
  return scope;
}

/** `place` says which field of which state assigns. */
export function declare(scope: Scope, variable: string, place: string): void {
  if (variable === 'states' || variable.length > 80 || !/^[\p{ID_Start}_]\p{ID_Continue}*$/u.test(variable))
    throw new InvalidDefinition(
      `${place}: "${variable}" cannot be a variable; give it an identifier other than "states"`,
    );
  scope.assigned.set(variable, place);
}

/**
 * Run once all states are known, since a later state may assign what an earlier one in a loop reads. Throws for what
 * Step Functions refuses, and answers with the mistakes that it would find when it evaluates, or never.
 */
export function checkScope(scope: Scope, outer: ReadonlySet<string> = new Set()): readonly string[] {
  for (const [variable, place] of scope.assigned)
    if (outer.has(variable))
      throw new InvalidDefinition(
        `${place}: variable "${variable}" is assigned outside of this Map; choose another name`,
      );
  const visible = new Set([...outer, ...scope.assigned.keys()]);
  const unassigned = scope.reads
    .filter(({ variable }) => !visible.has(variable))
    .map(
      ({ variable, place }) =>
        `${place}: no state assigns the variable "$${variable}"; assign it or correct the name`,
    );
  return [...scope.mistakes, ...unassigned, ...scope.inner.flatMap((inner) => checkScope(inner, visible))];
}
