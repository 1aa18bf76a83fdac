import { InvalidDefinition } from './invalid-definition.ts';
import { isObject, type Json } from './json.ts';
import { type Kind, list, object, text } from './kind.ts';
import { declare, type Scope } from './scope.ts';
import { compileTemplate, describe, ofKind, type Template } from './template.ts';

/** Reads the fields of one object of the definition strictly; every error names the place. */
export interface Fields {
  readonly place: string;
  readonly scope: Scope;
  has(field: string): boolean;
  /** A value that must not contain JSONata. */
  literal<T>(field: string, kind: Kind<T>): T | undefined;
  required<T>(field: string, kind: Kind<T>): T;
  /** A value that may be or contain JSONata. */
  template<T>(field: string, kind: Kind<T>): Template<T> | undefined;
  /** The field's object, which may have only the given fields. */
  inside(field: string, supported: readonly string[], scope?: Scope): Fields;
  /** The field's array of such objects; empty when it is absent. */
  each(field: string, supported: readonly string[]): Fields[];
  /** The variables that the Assign field sets. */
  assign(): Template<Json> | undefined;
  refuse(problem: string): InvalidDefinition;
}

const ofJsonPath = /Path$|^(Parameters|Result|ResultSelector|Variable)$/;

export function readFields(
  json: unknown,
  place: string,
  what: string,
  supported: readonly string[],
  scope: Scope,
): Fields {
  const refuse = (problem: string): InvalidDefinition => new InvalidDefinition(`${place}: ${problem}`);
  if (!isObject(json)) throw refuse(`expected an object for ${what}, got ${JSON.stringify(json)}`);
  for (const field of Object.keys(json))
    if (!supported.includes(field)) {
      const hint = ofJsonPath.test(field) ? ' (it belongs to JSONPath, only JSONata is supported)' : '';
      throw refuse(`unsupported field "${field}"${hint}; supported for ${what}: ${supported.join(', ')}`);
    }
  const has = (field: string): boolean => Object.hasOwn(json, field);
  const expected = (field: string, kind: Kind<unknown>): InvalidDefinition =>
    refuse(`"${field}" must be ${kind.name}, got ${JSON.stringify(json[field])}`);

  const fields: Fields = {
    place,
    scope,
    has,
    refuse,
    literal(field, kind) {
      if (!has(field)) return undefined;
      const value = json[field];
      if (kind.accepts(value)) return value;
      throw expected(field, kind);
    },
    required(field, kind) {
      const value = fields.literal(field, kind);
      if (value === undefined) throw refuse(`"${field}" is missing; it must be ${kind.name}`);
      return value;
    },
    template(field, kind) {
      if (!has(field)) return undefined;
      const template = compiled(json[field], field, fields);
      if (template.constant !== undefined && !kind.accepts(template.constant)) throw expected(field, kind);
      return ofKind(template, kind);
    },
    inside: (field, known, inner = scope) =>
      readFields(fields.required(field, object), place, `${what}'s ${field}`, known, inner),
    each: (field, known) =>
      (fields.literal(field, list) ?? []).map((item, index) =>
        readFields(item, `${place}: ${field}/${index}`, `${what}'s ${field}`, known, scope),
      ),
    assign() {
      for (const variable of Object.keys(fields.literal('Assign', object) ?? {}))
        declare(scope, variable, `${place}: "Assign"`);
      return fields.template('Assign', object);
    },
  };
  if (has('Comment')) fields.literal('Comment', text);
  return fields;
}

function compiled(json: unknown, field: string, { refuse, place, scope }: Fields): Template {
  try {
    return compileTemplate(json, field, {
      reads(variables, at) {
        for (const variable of variables) scope.reads.push({ variable, place: `${place}: "${at}"` });
      },
      mistake(problem, at) {
        scope.mistakes.push(`${place}: "${at}": ${problem}`);
      },
    });
  } catch (thrown) {
    throw refuse(`"${field}": ${describe(thrown)}`);
  }
}
