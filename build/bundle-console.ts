import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { page } from './esbuild.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const source = path('../console/page');
const folder = path('../dist/console');

/** Bundles the page of the console with all that it needs: `dist/console/index.html` and hashed files beside it. */
export async function bundleConsole(): Promise<Metafile> {
  const { outputFiles, metafile } = await build({
    ...page,
    entryPoints: { console: join(source, 'main.tsx'), icon: join(source, 'icon.svg') },
    outdir: folder,
    write: false,
  });
  // The style sheet of the entry holds those of all views.
  const files = outputFiles.filter(({ path: file }) => !file.endsWith('.css') || isEntry(file));
  const names = files.map(({ path: file }) => basename(file));
  await mkdir(folder, { recursive: true });
  await Promise.all(files.map(({ path: file, contents }) => writeFile(file, contents)));
  // Last, and then what no page refers to any more.
  await writeFile(join(folder, 'index.html'), indexOf(names));
  const stale = (await readdir(folder)).filter((name) => name !== 'index.html' && !names.includes(name));
  await Promise.all(stale.map((name) => rm(join(folder, name), { force: true })));
  return metafile;
}

/** Bundles the page unless a bundle is there that is younger than all it is made from. */
export async function bundleConsoleIfStale(): Promise<void> {
  const built = await changedAt(join(folder, 'index.html'));
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  const sources = [
    ...entries.map(({ parentPath, name }) => join(parentPath, name)),
    ...['../console/api.ts', '../package-lock.json', './bundle-console.ts', './esbuild.ts'].map(path),
  ];
  const changed = await Promise.all(sources.map(changedAt));
  if (built === 0 || Math.max(...changed) > built) await bundleConsole();
}

const changedAt = async (file: string) => (await stat(file).catch(ignoreMissing))?.mtimeMs ?? 0;

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

const isEntry = (file: string) => /^console-[^-]+\.css$/.test(basename(file));

function indexOf(names: readonly string[]): string {
  const entry = (pattern: RegExp) => names.find((name) => pattern.test(name)) ?? '';
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Outbox</title>
    <link rel="icon" href="${entry(/^icon-.*\.svg$/)}">
    <link rel="stylesheet" href="${entry(/^console-.*\.css$/)}">
    <script type="module" src="${entry(/^console-.*\.js$/)}"></script>
  </head>
  <body>
    <div id="page"></div>
    <noscript>The console needs JavaScript.</noscript>
  </body>
</html>
`;
}
