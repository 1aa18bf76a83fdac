import { builtIn } from './functions.ts';

/** The fields of JSONata's syntax tree that matter here; its published type lacks half of them. */
export interface Syntax {
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

export interface Survey {
  /** Names that the expression reads. */
  readonly named: Set<string>;
  /** Names that the expression binds itself. */
  readonly bound: Set<string>;
  /** Whether it ends an array in []: JSONata then marks the very array that it is given. */
  marksArrays: boolean;
  /** Whether it may run for long; all other expressions are bounded by the size of their data. */
  mayLoop: boolean;
}

/** Walks the syntax tree. A name that the expression binds anywhere counts as bound everywhere, which is lenient but finds typos. */
export function survey(
  node: unknown,
  found: Survey = { named: new Set(), bound: new Set(), marksArrays: false, mayLoop: false },
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
    if (type === 'lambda' || (type === 'binary' && value === '..')) found.mayLoop = true;
    for (const name of [focus, index]) if (typeof name === 'string') found.bound.add(name);
    if (keepArray || keepSingletonArray) found.marksArrays = true;
    for (const part of Object.values(node)) survey(part, found);
  }
  return found;
}

/** The names of `$variable.name.name`, the most frequent expression by far; undefined for any other. */
export function plainPath(tree: unknown): readonly string[] | undefined {
  const { type, steps, ...rest } = tree as Syntax;
  if (type === 'variable') return namesOf([tree as Syntax]);
  return type === 'path' && steps && Object.keys(rest).length === 0 ? namesOf(steps) : undefined;
}

function namesOf(steps: readonly Syntax[]): readonly string[] | undefined {
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
