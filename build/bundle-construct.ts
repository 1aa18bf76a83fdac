import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

// For the package alone: an app in this checkout imports the sources.
await rm(path('../dist/package'), { recursive: true, force: true });
const common = {
  entryPoints: { index: path('../infra/index.ts'), nudge: path('../outbox/nudge.ts') },
  outdir: path('../dist/package'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  // Two copies of the CDK in one app do not know each other's constructs.
  external: ['aws-cdk-lib', 'constructs'],
  metafile: true,
} satisfies BuildOptions;
const esm = await build({ ...common, format: 'esm', outExtension: { '.js': '.mjs' } });
const cjs = await build({
  ...common,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  // CommonJS has no import.meta.
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
});
export const metafiles: readonly Metafile[] = [esm.metafile, cjs.metafile];

// Of a .d.ts in an ES package, TypeScript says that CommonJS cannot require it: these are a second copy.
await mkdir(path('../dist/package/types/cjs'), { recursive: true });
await writeFile(path('../dist/package/types/cjs/package.json'), '{ "type": "commonjs" }\n');
