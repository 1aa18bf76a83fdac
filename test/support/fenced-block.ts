import { readFileSync } from 'node:fs';

/** The text of the fenced block that has this title in a page of the project, e.g. ```sql title=plain. */
export function fencedBlock(page: string, title: string): string {
  const markdown = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8');
  const [, block] = markdown.split(new RegExp(`^ *\`\`\`\\w+ title=${title}$`, 'm'));
  const [text, end] = block?.split(/^ *```$/m) ?? [];
  if (text === undefined || end === undefined)
    throw new Error(`${page} has no block with title=${title}: add it, or correct the title`);
  return text.trimStart();
}
