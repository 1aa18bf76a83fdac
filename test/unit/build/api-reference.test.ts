import { expect, test } from '@jest/globals';
import { apiReference } from '../../../build/api-reference.ts';
import { projectText } from '../../support/fenced-block.ts';

test('docs/api.md says what the types say; npm run docs:api writes it', () => {
  expect(projectText('docs/api.md')).toBe(apiReference());
}, 60_000);

test('the API names every prop with its type, its meaning and its default', () => {
  expect(apiReference()).toMatch(/^\| `maxAttempts\?` \| `number` \| Attempts, one per claim, .+ \| 8 \|$/m);
}, 60_000);
