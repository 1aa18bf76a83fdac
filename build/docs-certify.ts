import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { catalogue, withCatalogue } from '../certify/catalogue.ts';
import { scenarios } from '../certify/scenarios.ts';

const page = fileURLToPath(new URL('../docs/certify.md', import.meta.url));
await writeFile(page, withCatalogue(await readFile(page, 'utf8'), catalogue(scenarios)));
