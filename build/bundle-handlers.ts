import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { program } from './esbuild.ts';

const lambdas = fileURLToPath(new URL('../lambdas', import.meta.url));
const bundles = fileURLToPath(new URL('../dist/lambdas', import.meta.url));

/** Bundles every handler with its SDK clients as it runs on Lambda: `dist/lambdas/<name>/index.mjs`. */
export async function bundleHandlers(): Promise<{ names: string[]; metafile: Metafile }> {
  const names = (await readdir(lambdas))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length));
  const { outputFiles, metafile } = await build({
    ...program,
    entryPoints: names.map((name) => ({ in: join(lambdas, `${name}.ts`), out: `${name}/index` })),
    outdir: bundles,
    outExtension: { '.js': '.mjs' },
    write: false,
    loader: { '.sql': 'text' },
  });
  for (const { path, contents } of outputFiles) await replace(path, contents);
  await removeOthers(names);
  return { names, metafile };
}

/** Replaces a changed bundle in one step, because another process may be reading or writing it. */
async function replace(file: string, contents: Uint8Array): Promise<void> {
  const present = await readFile(file).catch(() => undefined);
  if (present?.equals(contents)) return;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.${process.pid}`, contents);
  await rename(`${file}.${process.pid}`, file);
}

async function removeOthers(names: readonly string[]): Promise<void> {
  const stale = (await readdir(bundles)).filter((folder) => !names.includes(folder));
  for (const folder of stale) await rm(join(bundles, folder), { recursive: true, force: true });
}
