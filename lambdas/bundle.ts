import { readdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const lambdas = fileURLToPath(new URL('.', import.meta.url));

/** Where the stack and the twin find the handlers: `dist/lambdas/<name>/index.mjs`. */
export const bundleFolder = fileURLToPath(new URL('../dist/lambdas/', import.meta.url));

/** Bundles every handler, with its SDK clients, as it runs on Lambda. */
export async function bundleHandlers(): Promise<string[]> {
  const files = await readdir(lambdas);
  const names = files
    .filter((file) => file.endsWith('.ts') && file !== 'bundle.ts')
    .map((file) => file.slice(0, -'.ts'.length));
  await rm(bundleFolder, { recursive: true, force: true });
  await build({
    entryPoints: names.map((name) => ({ in: `${lambdas}${name}.ts`, out: `${name}/index` })),
    outdir: bundleFolder,
    outExtension: { '.js': '.mjs' },
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
    loader: { '.sql': 'text' },
    minify: true,
    keepNames: true,
    logLevel: 'warning',
  });
  return names;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = await bundleHandlers();
  console.log(`bundled ${names.join(', ')}`);
}
