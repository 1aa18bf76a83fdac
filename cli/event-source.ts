import { open, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { WrongUsage } from './failure.ts';
import { type NewEvent, readNewEvent } from './new-event.ts';

/** Events that were all read once: what comes after cannot find a malformed one. */
export interface EventSource {
  readonly total: number;
  /** Reads them again, because a file may hold more than memory does. */
  read(): AsyncIterable<NewEvent> | Iterable<NewEvent>;
}

/** Reads JSON Lines, or a `.json` file that holds one event. */
export async function openFile(file: string): Promise<EventSource> {
  async function* read() {
    yield* readLines((await open(file)).readLines());
  }
  try {
    if (file.endsWith('.json')) return inMemory([readNewEvent(await readFile(file, 'utf8'), file)]);
    let total = 0;
    for await (const _ of read()) total += 1;
    return { total, read };
  } catch (error) {
    if (error instanceof Error && 'syscall' in error)
      throw new WrongUsage(`${file} cannot be read: ${error.message}`);
    throw error;
  }
}

/** Reads JSON Lines that come once. */
export async function openStream(input: NodeJS.ReadableStream): Promise<EventSource> {
  const events: NewEvent[] = [];
  for await (const event of readLines(createInterface({ input }))) events.push(event);
  return inMemory(events);
}

export function inMemory(events: readonly NewEvent[]): EventSource {
  return { total: events.length, read: () => events };
}

async function* readLines(lines: AsyncIterable<string>): AsyncGenerator<NewEvent> {
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() !== '') yield readNewEvent(line, `line ${number}`);
  }
}
