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

/** The options for the page of the console, in a browser. */
export const page = {
  bundle: true,
  platform: 'browser',
  target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'],
  format: 'esm',
  splitting: true,
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
  entryNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  loader: { '.svg': 'copy' },
  // Cloudscape's texts in other languages, which are loaded only on demand.
  external: ['./messages/all.*'],
  minify: true,
  logLevel: 'warning',
  metafile: true,
} as const satisfies BuildOptions;
