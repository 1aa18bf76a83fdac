import { createReadStream } from 'node:fs';

const LINE_END = 10;

/**
 * The whole lines of a file from a byte on, without their ends; what follows the last end is no line. Not by
 * node:readline, which ends lines at U+2028 too.
 */
export async function* readLines(file: string, from = 0): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  for await (const chunk of createReadStream(file, { start: from }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let at = chunk.indexOf(LINE_END); at !== -1; at = chunk.indexOf(LINE_END, start)) {
      const rest = chunk.subarray(start, at);
      yield begun.length === 0 ? rest : Buffer.concat([...begun, rest]);
      begun = [];
      start = at + 1;
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
  }
}
