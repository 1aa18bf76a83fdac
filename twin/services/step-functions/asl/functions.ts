import { createHash, randomUUID } from 'node:crypto';
import jsonata from 'jsonata';
import type { Clock } from './interruption.ts';

/** JSONata's own functions, without $eval, which Step Functions refuses. */
const ofJsonata =
  `sum count max min average string substring substringBefore substringAfter lowercase uppercase length
  trim pad match contains replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round
  abs sqrt power random boolean not map zip filter single reduce sift keys lookup append exists spread merge reverse each
  error assert type sort shuffle distinct base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent
  decodeUrl toMillis fromMillis clone`.split(/\s+/);

const maxRange = 1_000;
const hashes: Readonly<Record<string, string>> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

function partition(list: readonly unknown[], size: number): unknown[][] {
  if (!Number.isInteger(size) || size < 1)
    throw new Error(`$partition: chunk size ${size} is not a positive integer`);
  const chunks: unknown[][] = [];
  for (let start = 0; start < list.length; start += size) chunks.push(list.slice(start, start + size));
  return chunks;
}

function range(first: number, last: number, step: number): number[] {
  const length = Math.max(0, Math.floor((last - first) / step) + 1);
  if (step === 0 || length > maxRange)
    throw new Error(
      `$range: step ${step} gives ${length} numbers; take a step other than 0 and at most ${maxRange} numbers`,
    );
  return sequence(Array.from({ length }, (_, index) => first + index * step));
}

/** Returns as JSONata's own functions do: a list of one as its element, an empty list as nothing. */
const sequence = (numbers: number[]): number[] => Object.assign(numbers, { sequence: true });

function hash(content: string, algorithm: string): string {
  const known = Object.hasOwn(hashes, algorithm) ? hashes[algorithm] : undefined;
  if (known === undefined)
    throw new Error(`$hash: algorithm "${algorithm}" is none of ${Object.keys(hashes).join(', ')}`);
  return createHash(known).update(content).digest('hex');
}

const parse = (text: string): unknown => JSON.parse(text);

/** The functions of Step Functions that depend on their arguments only: registered once per expression. */
export const pureFunctions = {
  partition: { implementation: partition, signature: '<an:a>' },
  range: { implementation: range, signature: '<nnn:a>' },
  hash: { implementation: hash, signature: '<ss:s>' },
  parse: { implementation: parse, signature: '<s:x>' },
} as const;

export interface RunFunctions {
  readonly random: (seed?: number) => number;
  readonly uuid: () => string;
  readonly now: (picture?: string, timezone?: string) => Promise<string>;
  readonly millis: () => number;
}

/** The functions that depend on the execution's clock and randomness: bound when an expression that names one is evaluated. */
export function runFunctions(clock: Clock, random: () => number): RunFunctions {
  return {
    random: (seed) => (seed === undefined ? random() : seeded(seed)),
    uuid: randomUUID,
    now: (picture, timezone) => formatted.evaluate(undefined, { millis: clock.now(), picture, timezone }),
    millis: clock.now,
  };
}

const formatted = jsonata('$fromMillis($millis, $picture, $timezone)');

/** One step of mulberry32: the same seed gives the same number, which is all that Step Functions promises. */
function seeded(seed: number): number {
  const mixed = (seed + 0x6d2b79f5) | 0;
  const once = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
  const twice = once ^ (once + Math.imul(once ^ (once >>> 7), once | 61));
  return ((twice ^ (twice >>> 14)) >>> 0) / 2 ** 32;
}

export const builtIn: ReadonlySet<string> = new Set([
  ...ofJsonata,
  ...Object.keys(pureFunctions),
  ...['random', 'uuid', 'now', 'millis'],
]);
