import jsonata from 'jsonata';
import { builtIn, pureFunctions, type RunFunctions } from './functions.ts';
import { toJson } from './json.ts';

/** What Step Functions shows an expression as $states. */
export interface StatesVariable {
  readonly input: unknown;
  readonly context: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly errorOutput?: unknown;
}

/** All that an expression can see. */
export interface Sight {
  readonly states: StatesVariable;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly functions: RunFunctions;
}

export interface Expression {
  /** The state machine's variables it names: neither its own, nor functions, nor $states. */
  readonly variables: readonly string[];
  /** A JSON value, or undefined where JSONata answers nothing. */
  evaluate(sight: Sight): Promise<unknown>;
}

/** Step Functions allows an expression one second. */
const options = { timeout: 1_000 };

export function compileExpression(source: string): Expression {
  const compiled = jsonata(source, options);
  const found = survey(compiled.ast());
  const free = [...found.named].filter((name) => name !== '' && name !== '$' && !found.bound.has(name));
  if (free.includes('eval')) throw new Error('Step Functions refuses $eval; use $parse for JSON text');
  const path = plainPath(compiled.ast());
  for (const [name, { implementation, signature }] of Object.entries(pureFunctions))
    if (free.includes(name)) compiled.registerFunction(name, implementation, signature);
  const byJsonata = async (sight: Sight): Promise<unknown> => {
    const bindings = Object.fromEntries(
      free.map((name) => [name, lookUp(name, sight)]).filter(([, value]) => value !== undefined),
    );
    // JSONata marks the very array it is given when an expression ends in [], so such an expression gets copies.
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

interface Survey {
  readonly named: Set<string>;
  readonly bound: Set<string>;
  marksArrays: boolean;
}

/** Walks the syntax tree. A name the expression binds anywhere counts as its own everywhere: lenient, and enough for typos. */
function survey(
  node: unknown,
  found: Survey = { named: new Set(), bound: new Set(), marksArrays: false },
): Survey {
  if (Array.isArray(node)) for (const part of node) survey(part, found);
  else if (typeof node === 'object' && node !== null) {
    const {
      type,
      value,
      lhs,
      arguments: parameters,
      focus,
      index,
      keepArray,
      keepSingletonArray,
    } = node as Syntax;
    if (type === 'variable' && typeof value === 'string') found.named.add(value);
    if (type === 'bind' && lhs) found.bound.add(String((lhs as Syntax).value));
    if (type === 'lambda') for (const { value: name } of parameters ?? []) found.bound.add(String(name));
    for (const name of [focus, index]) if (typeof name === 'string') found.bound.add(name);
    if (keepArray || keepSingletonArray) found.marksArrays = true;
    for (const part of Object.values(node)) survey(part, found);
  }
  return found;
}

/** The fields of JSONata's syntax tree that matter here; its published type lacks half of them. */
interface Syntax {
  readonly type?: string;
  readonly value?: unknown;
  readonly lhs?: unknown;
  readonly arguments?: readonly Syntax[];
  readonly steps?: readonly Syntax[];
  readonly focus?: unknown;
  readonly index?: unknown;
  readonly keepArray?: boolean;
  readonly keepSingletonArray?: boolean;
}

/** The names of `$variable.name.name`, the most frequent expression by far; undefined for any other. */
function plainPath(tree: unknown): readonly string[] | undefined {
  const { type, steps, ...rest } = tree as Syntax;
  if (type === 'variable') return named([tree as Syntax]);
  return type === 'path' && steps && Object.keys(rest).length === 0 ? named(steps) : undefined;
}

function named(steps: readonly Syntax[]): readonly string[] | undefined {
  const plain = steps.every(
    ({ type, value, ...rest }, at) =>
      type === (at === 0 ? 'variable' : 'name') &&
      value !== '' &&
      value !== '$' &&
      Object.keys(rest).join() === 'position',
  );
  const path = steps.map(({ value }) => String(value));
  return plain && !builtIn.has(String(path[0])) ? path : undefined;
}

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
