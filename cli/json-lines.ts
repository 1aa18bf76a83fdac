import { WrongUsage } from './exit-codes.ts';

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

const NEWLINE = 10;

/**
 * The lines of a text in UTF-8. Only \n ends a line: the other line separators of Unicode may occur inside JSON.
 * @throws WrongUsage that names the line that is not UTF-8
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let number = 1;
  let unfinished: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      yield toLine(number, [...unfinished, chunk.subarray(from, end)]);
      number += 1;
      unfinished = [];
      from = end + 1;
    }
    unfinished.push(chunk.subarray(from));
  }
  yield toLine(number, unfinished);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A text without its byte order mark. */
export function decode(bytes: Uint8Array, position: string): string {
  const refuse = (reason: string) =>
    new WrongUsage(`${position}: ${reason}: save it as UTF-8; nothing was enqueued`);
  const mark = Buffer.from(bytes.subarray(0, 2)).toString('hex');
  if (mark === 'fffe' || mark === 'feff') throw refuse('it begins with the byte order mark of UTF-16');
  if (bytes.includes(0)) throw refuse('it contains the byte 0, as UTF-16 does and JSON does not');
  try {
    return utf8.decode(bytes).replace(/^\uFEFF+/, '');
  } catch {
    throw refuse('it is not UTF-8');
  }
}

function toLine(number: number, parts: readonly Uint8Array[]): Line {
  return { number, text: decode(Buffer.concat(parts), `line ${number}`) };
}
