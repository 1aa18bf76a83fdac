import { isObject, type Json } from './json.ts';

/** What a field's value has to be. */
export interface Kind<T> {
  readonly name: string;
  accepts(value: unknown): value is T;
}

function kind<T>(name: string, accepts: (value: unknown) => boolean): Kind<T> {
  return { name, accepts: accepts as (value: unknown) => value is T };
}

const integerFrom = (lowest: number) => (value: unknown) =>
  Number.isInteger(value) && Number(value) >= lowest && Number(value) <= 99_999_999;
const timestampPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

export const anyJson = kind<unknown>('a JSON value', () => true);
export const object = kind<Json>('an object', isObject);
export const text = kind<string>('a string', (value) => typeof value === 'string');
export const boolean = kind<boolean>('a boolean', (value) => typeof value === 'boolean');
export const number = kind<number>('a number', Number.isFinite);
export const list = kind<readonly unknown[]>('an array', Array.isArray);
export const names = kind<readonly string[]>(
  'an array of at least one string',
  (value) => Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string'),
);
export const positiveInteger = kind<number>('a positive integer', integerFrom(1));
export const wholeNumber = kind<number>('an integer of at least 0', integerFrom(0));
export const timestamp = kind<string>(
  'a timestamp such as 2026-01-31T09:00:00Z',
  (value) => typeof value === 'string' && timestampPattern.test(value) && !Number.isNaN(Date.parse(value)),
);
