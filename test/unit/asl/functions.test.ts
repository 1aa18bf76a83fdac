import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';
import { builtIn } from '../../../local/asl/functions.ts';

test('the built-in functions are those of the installed JSONata but $eval, and those of Step Functions', () => {
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
