import { EvaluationError } from './evaluation-error.ts';
import { isObject, UnsupportedResult } from './json.ts';
import { compileExpression, type Sight } from './jsonata.ts';
import { type Kind, typeName } from './kind.ts';

/** A field's value: JSON in which the strings between {% and %} are JSONata. */
export interface Template<T = unknown> {
  readonly field: string;
  /** Undefined unless the field is plain JSON, which needs no evaluation. */
  readonly constant: T | undefined;
  /** Undefined unless the whole field is one expression. */
  readonly expression: string | undefined;
  evaluate(sight: Sight): Promise<T>;
}

/** What the compiler finds in the expressions. */
export interface Findings {
  /** The variables that an expression names. */
  reads(variables: readonly string[], field: string): void;
  /** Mistakes that Step Functions accepts. */
  mistake(problem: string, field: string): void;
}

/** Compiles every expression in the value. */
export function compileTemplate(json: unknown, field: string, findings: Findings): Template {
  if (typeof json === 'string') return compileText(json, field, findings);
  if (typeof json !== 'object' || json === null) return plain(json, field);
  const parts = Object.entries(json).map(
    ([key, value]) => [key, compileTemplate(value, `${field}/${key}`, findings)] as const,
  );
  if (parts.every(([, part]) => part.constant !== undefined)) return plain(json, field);
  return {
    field,
    constant: undefined,
    expression: undefined,
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
  expression: undefined,
  evaluate: async () => json,
});

function compileText(text: string, field: string, findings: Findings): Template {
  if (!text.startsWith('{%') || !text.endsWith('%}') || text.length < 4) {
    if (/^\s*\{%|%\}\s*$/.test(text))
      findings.mistake(
        `"${text}" is plain text; an expression begins with {% and ends with %}, no spaces around`,
        field,
      );
    return plain(text, field);
  }
  const source = text.slice(2, -2).trim();
  const expression = compileExpression(source);
  findings.reads(expression.variables, field);
  return {
    field,
    constant: undefined,
    expression: source,
    async evaluate(sight) {
      const value = await expression.evaluate(sight).catch((thrown: unknown) => {
        throw failed(source, field, problemOf(thrown));
      });
      if (value === undefined) throw failed(source, field, 'returned nothing (undefined).');
      return value;
    },
  };
}

const failed = (source: string, field: string, problem: string): EvaluationError =>
  new EvaluationError(
    field,
    `The JSONata expression '${source}' specified for the field '${field}' ${problem}`,
  );

const problemOf = (thrown: unknown): string =>
  thrown instanceof UnsupportedResult
    ? 'returned an unsupported result type.'
    : `threw an error during evaluation. ${describe(thrown)}`;

/** JSONata throws plain objects: a code, and a message made from it. */
export function describe(thrown: unknown): string {
  const { code, message } =
    isObject(thrown) || thrown instanceof Error ? (thrown as { code?: string; message?: string }) : {};
  return [code, message ?? String(thrown)].filter((part) => part !== undefined).join(': ');
}

/** Checks that the expression returns what the field needs. */
export function ofKind<T>(template: Template, kind: Kind<T>): Template<T> {
  const { field, constant, expression } = template;
  // Any other value has the type of its JSON.
  if (expression === undefined) return template as Template<T>;
  const unexpected = (value: unknown): string => {
    const [type, text] = [typeName(value), JSON.stringify(value)];
    return type === kind.type
      ? `returned an unexpected result. Expected ${kind.name}, but was ${text}`
      : `returned an unexpected result type. Expected '${kind.type}', but was '${type}' for value: ${text}`;
  };
  return {
    field,
    constant: constant as T | undefined,
    expression,
    async evaluate(sight) {
      const value = await template.evaluate(sight);
      if (kind.accepts(value)) return value;
      throw failed(expression, field, unexpected(value));
    },
  };
}
