import { readFileSync } from 'node:fs';

/** A text file of the project, with LF line ends in every checkout. */
export function projectText(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8').replaceAll('\r\n', '\n');
}

/** The text of the fenced block with this title in a page of the project, e.g. ```sql title=plain. */
export function fencedBlock(page: string, title: string): string {
  const [, block] = projectText(page).split(new RegExp(`^ *\`\`\`\\w+ title=${title}$`, 'm'));
  const [text, end] = block?.split(/^ *```$/m) ?? [];
  if (text === undefined || end === undefined)
    throw new Error(`${page} has no block with title=${title}: add it, or correct the title`);
  return text.trimStart();
}
