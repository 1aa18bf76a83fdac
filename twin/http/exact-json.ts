import { parse, stringify } from 'lossless-json';

// `longValue` is the only integer in a request to the Data API, and a double holds every integer of fewer digits.
// Other requests are parsed by JSON.parse, which is twenty times as fast.
const longInteger = /(?<!\\)"longValue"\s*:\s*-?\d{16}/;

/** Parses a request to the Data API; an integer that a double cannot hold becomes a bigint. */
export function parseExact(text: string): unknown {
  return longInteger.test(text) ? parse(text, null, exactNumber) : JSON.parse(text);
}

/** JSON.stringify, but a bigint is written as the number that it is. */
export function stringifyExact(value: unknown): string {
  return stringify(value) ?? 'null';
}

/** The integer with these digits, of any size. */
export function exactInteger(digits: string): number | bigint {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}

function exactNumber(digits: string): number | bigint {
  return /^-?\d+$/.test(digits) ? exactInteger(digits) : Number(digits);
}
