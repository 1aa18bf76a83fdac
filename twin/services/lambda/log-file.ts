import { createWriteStream, openSync, renameSync, type WriteStream } from 'node:fs';

/** Where the functions' output goes. */
export interface Output {
  write(text: string | Uint8Array): void;
}

export interface LogFile extends Output {
  close(): Promise<void>;
}

export interface LogFileOptions {
  readonly maxBytes: number;
  /** Receives one sentence when the log can no longer be written; from then on the output is dropped. */
  readonly report: (problem: string) => void;
}

/** A log in a file that is written anew. Beyond half of `maxBytes` it is put aside as `<file>.old`, in place of the last one. */
export function openLogFile(file: string, { maxBytes, report }: LogFileOptions): LogFile {
  const open = new Set<WriteStream>();
  let failed = false;
  let stream = openFile();
  let bytes = 0;

  function openFile(): WriteStream {
    // Opened at once, so that a file that is put aside is the one that was written.
    const opened = createWriteStream(file, { fd: openSync(file, 'w') });
    open.add(opened);
    // Without a listener, a full disk would end the twin.
    opened.on('error', fail).once('close', () => open.delete(opened));
    return opened;
  }

  function fail(error: Error): void {
    if (!failed)
      report(`the output of the functions is dropped, because ${file} cannot be written: ${error.message}`);
    failed = true;
  }

  return {
    write(text) {
      if (failed) return;
      try {
        if (bytes > maxBytes / 2) {
          stream.end();
          renameSync(file, `${file}.old`);
          stream = openFile();
          bytes = 0;
        }
        bytes += text.length;
        stream.write(text);
      } catch (error) {
        fail(error as Error);
      }
    },
    async close() {
      stream.end();
      await Promise.all([...open].map((each) => new Promise<void>((resolve) => each.once('close', resolve))));
    },
  };
}
