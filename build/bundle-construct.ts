import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { migration } from '../inbox/migration.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

// Only for the package: an app in this checkout imports the sources.
await rm(path('../dist/package'), { recursive: true, force: true });
const common = {
  entryPoints: {
    index: path('../infra/index.ts'),
    inbox: path('../inbox/index.ts'),
    nudge: path('../outbox/nudge.ts'),
  },
  outdir: path('../dist/package'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  // External, because two copies of the CDK in one app do not recognize each other's constructs.
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

// TypeScript refuses to require a .d.ts of an ES module from CommonJS, so CommonJS gets a second copy.
await mkdir(path('../dist/package/types/cjs'), { recursive: true });
await writeFile(path('../dist/package/types/cjs/package.json'), '{ "type": "commonjs" }\n');

// For consumers with a migration tool of their own.
await mkdir(path('../dist/package/inbox'), { recursive: true });
await writeFile(path('../dist/package/inbox/migration.sql'), migration);
