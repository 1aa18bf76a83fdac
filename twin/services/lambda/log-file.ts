import { createWriteStream, openSync, renameSync } from 'node:fs';
import { finished } from 'node:stream/promises';

/** Where the functions' output goes. */
export interface Output {
  write(text: string | Uint8Array): void;
}

export interface LogFile extends Output {
  close(): Promise<void>;
}

/** A log in a file that is written anew. Beyond half of `maxBytes` it is put aside as `<file>.old`, in place of the last one. */
export function openLogFile(file: string, maxBytes: number): LogFile {
  // Opened at once, so that a file that is put aside is the one that was written.
  const open = () => createWriteStream(file, { fd: openSync(file, 'w') });
  let stream = open();
  let bytes = 0;
  const closing = new Set<Promise<void>>();

  function end(): Promise<void> {
    const closed = finished(stream.end());
    closing.add(closed);
    return closed.finally(() => closing.delete(closed));
  }

  return {
    write(text) {
      if (bytes > maxBytes / 2) {
        void end();
        renameSync(file, `${file}.old`);
        stream = open();
        bytes = 0;
      }
      bytes += text.length;
      stream.write(text);
    },
    async close() {
      void end();
      await Promise.all(closing);
    },
  };
}
