import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { catalogue, withCatalogue } from '../certify/catalogue.ts';
import { scenarios } from '../certify/scenarios.ts';
import { apiReference } from './api-reference.ts';
import { processorSettings, withContextTable } from './settings-reference.ts';

const path = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));

async function replace(file: string, change: (content: string) => string): Promise<void> {
  await writeFile(path(file), change(await readFile(path(file), 'utf8')));
}

await writeFile(path('infra/processor-settings.ts'), processorSettings());
await writeFile(path('docs/api.md'), apiReference());
await replace('docs/deploy.md', withContextTable);
await replace('docs/certify.md', (page) => withCatalogue(page, catalogue(scenarios)));
