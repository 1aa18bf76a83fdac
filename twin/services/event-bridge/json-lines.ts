import { createReadStream } from 'node:fs';

const LINE_END = 10;

/** The whole lines of a file from a byte on. Not by node:readline, which ends lines at U+2028 too. */
export async function* readLines(file: string, from = 0): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  for await (const chunk of createReadStream(file, { start: from }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let at = chunk.indexOf(LINE_END); at !== -1; at = chunk.indexOf(LINE_END, start)) {
      yield Buffer.concat([...begun, chunk.subarray(start, at)]).toString('utf8');
      begun = [];
      start = at + 1;
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
  }
}

/** Counts the lines of a file, and the bytes that they take: what follows is a line without its end. */
export async function measureLines(
  file: string,
): Promise<{ readonly lines: number; readonly bytes: number }> {
  let lines = 0;
  let bytes = 0;
  let seen = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(LINE_END); at !== -1; at = chunk.indexOf(LINE_END, at + 1)) {
      lines += 1;
      bytes = seen + at + 1;
    }
    seen += chunk.length;
  }
  return { lines, bytes };
}
