import type { BuildOptions } from 'esbuild';

/** For programs of ours that run on Node: handlers and CLI. */
export const program = {
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
} as const satisfies BuildOptions;
