import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { apiReference } from './api-reference.ts';

await writeFile(fileURLToPath(new URL('../docs/api.md', import.meta.url)), apiReference());
