import { compileExpression, type Sight } from './expression.ts';
import { isObject } from './json.ts';
import type { Kind } from './kind.ts';
import { StateError } from './state-error.ts';

/** A field's value: JSON in which the strings between {% and %} are JSONata. */
export interface Template<T = unknown> {
  readonly field: string;
  /** Undefined unless the field is plain JSON, which needs no evaluation. */
  readonly constant: T | undefined;
  evaluate(sight: Sight): Promise<T>;
}

export class EvaluationError extends StateError {
  readonly location: string;

  constructor(location: string, cause: string) {
    super('States.QueryEvaluationError', cause);
    this.name = 'EvaluationError';
    this.location = location;
  }
}

export type Read = (variables: readonly string[], field: string) => void;

/** Compiles every expression in the value; `read` hears which variables each of them names. */
export function compileTemplate(json: unknown, field: string, read: Read): Template {
  if (typeof json === 'string') return compileText(json, field, read);
  if (typeof json !== 'object' || json === null) return plain(json, field);
  const parts = Object.entries(json).map(
    ([key, value]) => [key, compileTemplate(value, `${field}/${key}`, read)] as const,
  );
  if (parts.every(([, part]) => part.constant !== undefined)) return plain(json, field);
  return {
    field,
    constant: undefined,
    async evaluate(sight) {
      const values: [string, unknown][] = [];
      for (const [key, part] of parts) values.push([key, part.constant ?? (await part.evaluate(sight))]);
      return Array.isArray(json) ? values.map(([, value]) => value) : Object.fromEntries(values);
    },
  };
}

const plain = (json: unknown, field: string): Template => ({
  field,
  constant: json,
  evaluate: async () => json,
});

function compileText(text: string, field: string, read: Read): Template {
  const opens = text.trimStart().startsWith('{%');
  if (!opens && !text.trimEnd().endsWith('%}')) return plain(text, field);
  if (!/^\{%.*%\}$/s.test(text))
    throw new Error(
      `"${text}" is half an expression; an expression begins with {% and ends with %}, no spaces around`,
    );
  const source = text.slice(2, -2).trim();
  const expression = compileExpression(source);
  read(expression.variables, field);
  const failure = (problem: string): EvaluationError =>
    new EvaluationError(
      field,
      `The JSONata expression '${source}' specified for the field '${field}' ${problem}`,
    );
  return {
    field,
    constant: undefined,
    async evaluate(sight) {
      const value = await expression.evaluate(sight).catch((thrown: unknown) => {
        throw failure(`threw an error during evaluation. ${describe(thrown)}`);
      });
      if (value === undefined) throw failure('returned nothing (undefined).');
      return value;
    },
  };
}

/** JSONata throws plain objects: a code, and a message made from it. */
export function describe(thrown: unknown): string {
  const { code, message } =
    isObject(thrown) || thrown instanceof Error ? (thrown as { code?: string; message?: string }) : {};
  return [code, message ?? String(thrown)].filter((part) => part !== undefined).join(': ');
}

/** Holds what the expression returns to what the field needs. */
export function ofKind<T>(template: Template, kind: Kind<T>): Template<T> {
  return {
    field: template.field,
    constant: template.constant as T | undefined,
    async evaluate(sight) {
      const value = await template.evaluate(sight);
      if (kind.accepts(value)) return value;
      const found = `expected ${kind.name}, but was ${JSON.stringify(value).slice(0, 200)}`;
      throw new EvaluationError(
        template.field,
        `The expression specified for the field '${template.field}' returned an unexpected result: ${found}.`,
      );
    },
  };
}
