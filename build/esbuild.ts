import type { BuildOptions } from 'esbuild';

/** The options for our programs on Node: handlers and CLI. */
export const program = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // ESM sources first, because esbuild can drop their unused parts.
  mainFields: ['module', 'main'],
  // Some dependencies still call require(), which does not exist in an ES module.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  minify: true,
  keepNames: true,
  logLevel: 'warning',
  metafile: true,
} as const satisfies BuildOptions;
