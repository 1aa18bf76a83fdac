import { mkdir, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { page } from './esbuild.ts';

const source = fileURLToPath(new URL('../console/page/', import.meta.url));
const folder = fileURLToPath(new URL('../dist/console/', import.meta.url));

/** Bundles the page of the console with all that it needs: `dist/console/index.html` and hashed files beside it. */
export async function bundleConsole(outdir = folder): Promise<{ folder: string; metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    ...page,
    entryPoints: { console: `${source}main.tsx`, icon: `${source}icon.svg` },
    outdir,
    write: false,
  });
  const names = outputFiles.map(({ path }) => basename(path));
  await mkdir(outdir, { recursive: true });
  // Names with a hash: a page that is open keeps the files of its build until the index is replaced.
  await Promise.all(outputFiles.map(({ path, contents }) => writeFile(path, contents)));
  await writeFile(`${outdir}/index.html`, indexOf(names));
  return { folder: outdir, metafile };
}

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
