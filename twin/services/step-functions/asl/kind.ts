import { isObject, type Json } from './json.ts';

/** JSONata's name of a JSON value's type. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** What a field's value has to be. */
export interface Kind<T> {
  readonly name: string;
  readonly type: string;
  accepts(value: unknown): value is T;
}

function kind<T>(name: string, type: string, accepts: (value: unknown) => boolean): Kind<T> {
  return { name, type, accepts: accepts as (value: unknown) => value is T };
}

const ofType = <T>(type: string): Kind<T> =>
  kind(`${/^[ao]/.test(type) ? 'an' : 'a'} ${type}`, type, (value) => typeName(value) === type);

const integerFrom = (lowest: number) => (value: unknown) =>
  Number.isInteger(value) && Number(value) >= lowest && Number(value) <= 99_999_999;

export const anyJson = kind<unknown>('a JSON value', 'any', () => true);
export const object = kind<Json>('an object', 'object', isObject);
export const text = ofType<string>('string');
export const boolean = ofType<boolean>('boolean');
export const number = kind<number>('a number', 'number', Number.isFinite);
export const list = ofType<readonly unknown[]>('array');
export const names = kind<readonly string[]>(
  'an array of at least one string',
  'array',
  (value) => Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string'),
);
export const positiveInteger = kind<number>('a positive integer', 'number', integerFrom(1));
export const wholeNumber = kind<number>('an integer of at least 0', 'number', integerFrom(0));
