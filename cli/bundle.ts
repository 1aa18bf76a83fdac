import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const [, , outfile = fileURLToPath(new URL('../dist/cli/outbox.mjs', import.meta.url))] = process.argv;

// For the package and for tests: in a checkout, `npm run outbox` runs the sources.
export const { metafile } = await build({
  entryPoints: [fileURLToPath(new URL('../bin/outbox.ts', import.meta.url))],
  outfile: resolve(outfile),
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // ESM sources first: esbuild can drop what is not used of them.
  mainFields: ['module', 'main'],
  // Some dependencies still call require(), which an ES module has not got.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  minify: true,
  keepNames: true,
  logLevel: 'warning',
  metafile: true,
});
