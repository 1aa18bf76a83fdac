import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { builtIn } from '../../../../../twin/services/step-functions/asl/functions.ts';
import { conforms, pass } from './feature-table.ts';

test('the built-in functions are those of JSONata except $eval, and those of Step Functions', () => {
  const source = readFileSync(createRequire(import.meta.url).resolve('jsonata'), 'utf8');
  const found = [...source.matchAll(/(?:staticFrame|environment)\.bind\('(\w+)'/g)].map(([, name]) =>
    String(name),
  );
  const expected = new Set([
    ...found.filter((name) => name !== 'eval'),
    'partition',
    'range',
    'hash',
    'uuid',
    'parse',
  ]);
  expect([...builtIn].sort()).toEqual([...expected].sort());
});

test('the installed JSONata is the version that Step Functions uses', () => {
  const { version } = createRequire(import.meta.url)('jsonata/package.json') as { version: string };
  expect(version).toBe('2.0.6');
});

describe('function', () => {
  conforms([
    [
      '$partition cuts an array',
      pass('{% $partition([1,2,3,4,5], 2) %}'),
      {},
      { output: [[1, 2], [3, 4], [5]] },
    ],
    ['$range counts', pass('{% $range(0, 10, 5) %}'), {}, { output: [0, 5, 10] }],
    ['$range counts down', pass('{% $range(3, 1, -1) %}'), {}, { output: [3, 2, 1] }],
    ['$range of one number is the number, not an array', pass('{% $range(5, 9, 9) %}'), {}, { output: 5 }],
    [
      '$range of one number in an array constructor is an array of one',
      pass('{% [$range(5, 5, 1)] %}'),
      {},
      { output: [5] },
    ],
    ['$range without numbers is undefined', pass('{% $exists($range(5, 1, 1)) %}'), {}, { output: false }],
    [
      '$partition into one chunk is an array of that chunk',
      pass('{% $partition([0], 4) %}'),
      {},
      { output: [[0]] },
    ],
    [
      '$range refuses a step of 0',
      pass('{% $range(3, 1, 0) %}'),
      {},
      { error: 'States.QueryEvaluationError', cause: /\$range/ },
    ],
    ['$hash hashes', pass("{% $hash('a', 'MD5') %}"), {}, { output: '0cc175b9c0f1b6a831c399e269772661' }],
    [
      '$hash refuses an unknown algorithm',
      pass("{% $hash('a', 'CRC') %}"),
      {},
      { error: 'States.QueryEvaluationError', cause: /CRC.*SHA-256/ },
    ],
    ['$parse reads JSON', pass('{% $parse($states.input.text).a %}'), { text: '{"a":[1]}' }, { output: [1] }],
    [
      '$parse fails on a text that is not JSON',
      pass("{% $parse('{') %}"),
      {},
      { error: 'States.QueryEvaluationError' },
    ],
    ['$random() uses the random numbers of the execution', pass('{% $random() %}'), {}, { output: 0.5 }],
    [
      '$random(seed) is repeatable',
      pass('{% $random(7) = $random(7) and $random(7) != $random(8) %}'),
      {},
      { output: true },
    ],
    [
      '$uuid() is a new UUID of version 4',
      pass('{% $contains($uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4/) and $uuid() != $uuid() %}'),
      {},
      { output: true },
    ],
    [
      "$now() is the time of the execution's clock",
      pass('{% $now() %}'),
      {},
      { output: '2026-11-23T12:00:00.000Z' },
    ],
    ['$now(picture) formats the time', pass("{% $now('[Y]-[M01]') %}"), {}, { output: '2026-11' }],
    [
      "$millis() is the time of the execution's clock",
      pass('{% $millis() %}'),
      {},
      { output: Date.parse('2026-11-23T12:00:00Z') },
    ],
  ]);
});
