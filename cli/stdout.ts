import { fstatSync, writeSync } from 'node:fs';

/** The answer could not be written; what the command has done is not undone. */
export class OutputLost extends Error {
  override readonly name = 'OutputLost';

  constructor(cause: Error) {
    super(
      `the answer cannot be written to stdout (${cause.message}): it is lost, and what the command did stays done`,
      { cause },
    );
  }
}

/**
 * Writes the whole text, or throws. When a disk becomes full, a write of only the beginning of a text succeeds, which
 * the file stream of Node.js does not notice.
 * @throws OutputLost
 */
export function writeOut(text: string): void {
  if (isStream()) return void process.stdout.write(text);
  const bytes = Buffer.from(text);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(process.stdout.fd, bytes, written);
  } catch (error) {
    throw new OutputLost(error as Error);
  }
}

/** Whether the reader is a terminal, a pipe or a socket; these report an error later, with an event. */
function isStream(): boolean {
  if (process.stdout.isTTY) return true;
  const stdout = fstatSync(process.stdout.fd);
  return stdout.isFIFO() || stdout.isSocket();
}
