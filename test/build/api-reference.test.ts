import { expect, test } from '@jest/globals';
import { apiReference } from '../../build/api-reference.ts';
import { processorSettings, withContextTable } from '../../build/settings-reference.ts';
import { projectText } from '../support/fenced-block.ts';

test('docs/api.md matches the types; npm run docs:generate writes it', () => {
  expect(projectText('docs/api.md')).toBe(apiReference());
}, 60_000);

test('the API reference has the type, the meaning and the default of a prop', () => {
  expect(apiReference()).toMatch(/^\| `maxAttempts\?` \| `number` \| Attempts after which .+ \| 8 \|$/m);
}, 60_000);

test('the props and the context keys in the docs match infra/settings.ts; npm run docs:generate writes both', () => {
  expect(projectText('infra/processor-settings.ts')).toBe(processorSettings());
  expect(projectText('docs/deploy.md')).toBe(withContextTable(projectText('docs/deploy.md')));
}, 60_000);
