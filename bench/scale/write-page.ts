import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { scaleInputs } from './scale.ts';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Writes the model as one file that opens from disk; it begins with what the folder's results have measured. */
export async function writePage(folder: string): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: [here('page.ts')],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    write: false,
  });
  const script = `window.initial=${JSON.stringify(await scaleInputs(folder))};${outputFiles[0]?.text ?? ''}`;
  const html = await readFile(here('page.html'), 'utf8');
  await writeFile(
    join(folder, 'scale.html'),
    html.replace('/* script */', () => script.replaceAll('</script', '<\\/script').trim()),
  );
}
