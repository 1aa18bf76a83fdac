import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { apiReference } from './api-reference.ts';
import { processorSettings, withContextTable } from './settings-reference.ts';

const path = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));

await writeFile(path('infra/processor-settings.ts'), processorSettings());
await writeFile(path('docs/deploy.md'), withContextTable(await readFile(path('docs/deploy.md'), 'utf8')));
await writeFile(path('docs/api.md'), apiReference());
