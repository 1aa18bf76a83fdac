import jsonata from 'jsonata';
import { builtIn, pureFunctions, type RunFunctions } from './functions.ts';
import { toJson } from './json.ts';
import { plainPath, survey } from './syntax.ts';

/** The value of $states in an expression. */
export interface StatesVariable {
  readonly input: unknown;
  readonly context: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly errorOutput?: unknown;
}

/** Everything that an expression can read. */
export interface Sight {
  readonly states: StatesVariable;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly functions: RunFunctions;
}

export interface Expression {
  /** The state machine's variables that it names, without its own variables, functions and $states. */
  readonly variables: readonly string[];
  /** A JSON value, or undefined where JSONata returns nothing. */
  evaluate(sight: Sight): Promise<unknown>;
}

/** Step Functions allows an expression one second. */
const maxMilliseconds = 1_000;

export function compileExpression(source: string): Expression {
  const compiled = jsonata(source);
  const found = survey(compiled.ast());
  const free = [...found.named].filter((name) => name !== '' && name !== '$' && !found.bound.has(name));
  if (free.includes('eval')) throw new Error('Step Functions refuses $eval; use $parse for JSON text');
  if (found.mayLoop) limitTime(compiled);
  const path = plainPath(compiled.ast());
  for (const [name, { implementation, signature }] of Object.entries(pureFunctions))
    if (free.includes(name)) compiled.registerFunction(name, implementation, signature);
  const byJsonata = async (sight: Sight): Promise<unknown> => {
    const bindings = Object.fromEntries(
      free.map((name) => [name, lookUp(name, sight)]).filter(([, value]) => value !== undefined),
    );
    // An expression that ends in [] makes JSONata mark the array that it was given: such an expression gets copies.
    return toJson(await compiled.evaluate(undefined, found.marksArrays ? copied(bindings) : bindings));
  };
  return {
    variables: free.filter((name) => name !== 'states' && !builtIn.has(name)),
    async evaluate(sight) {
      if (path === undefined) return byJsonata(sight);
      const value = follow(path, sight);
      return value === beyond ? byJsonata(sight) : value;
    },
  };
}

/** JSONata 2.0.6 has no time limit of its own, but calls this before each part of an expression. */
function limitTime(compiled: jsonata.Expression): void {
  const beforeEachPart = Symbol.for('jsonata.__evaluate_entry');
  const check = (_part: unknown, _input: unknown, { timestamp }: { timestamp: Date | null }): void => {
    // Null in the frame that JSONata creates for a partially applied function.
    if (timestamp !== null && Date.now() - Number(timestamp) > maxMilliseconds)
      throw new Error(`evaluation took longer than ${maxMilliseconds} ms; check for an infinite loop`);
  };
  // The published type allows only strings.
  compiled.assign(beforeEachPart as unknown as string, check);
}

function lookUp(name: string, { states, variables, functions }: Sight): unknown {
  if (name === 'states') return states;
  return Object.hasOwn(variables, name) ? variables[name] : functions[name as keyof RunFunctions];
}

const copied = (bindings: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(bindings).map(([name, value]) => [
      name,
      typeof value === 'function' ? value : toJson(value),
    ]),
  );

const beyond = Symbol('only JSONata knows how to map a path over an array');

function follow([first, ...names]: readonly string[], sight: Sight): unknown {
  let value = lookUp(String(first), sight);
  for (const name of names) {
    if (Array.isArray(value)) return beyond;
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
