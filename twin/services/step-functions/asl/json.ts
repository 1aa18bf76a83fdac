/** An expression must not return a function. */
export class UnsupportedResult extends Error {
  override readonly name = 'UnsupportedResult';
}

/** A new JSON value: JSONata marks its own arrays, and a later expression would treat them differently. */
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
