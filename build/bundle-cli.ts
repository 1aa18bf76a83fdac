import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { program } from './esbuild.ts';

const [, , outfile = fileURLToPath(new URL('../dist/cli/outbox.mjs', import.meta.url))] = process.argv;

// For the package and the tests; `npm run outbox` in a checkout runs the sources.
export const { metafile } = await build({
  ...program,
  entryPoints: [fileURLToPath(new URL('../bin/outbox.ts', import.meta.url))],
  outfile: resolve(outfile),
});
