/** What an expression may not answer: a function. */
export class UnsupportedResult extends Error {
  override readonly name = 'UnsupportedResult';
}

/** A fresh JSON value: JSONata's own arrays carry marks that would change what a later expression makes of them. */
export function toJson(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, toJson);
  if (typeof value === 'function') throw new UnsupportedResult('a function');
  if (typeof value !== 'object' || value === null) return value;
  if ('_jsonata_function' in value || '_jsonata_lambda' in value) throw new UnsupportedResult('a function');
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, toJson(part)]));
}

export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
