import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { WrongUsage } from './exit-codes.ts';
import { decode, readLines } from './json-lines.ts';
import { type NewEvent, readNewEvent } from './new-event.ts';

/** Events that have all been read and checked once, so that no later step finds a malformed one. */
export interface EventSource {
  readonly total: number;
  /** Reads the events again, because a file may be larger than the memory. */
  read(): AsyncIterable<NewEvent> | Iterable<NewEvent>;
}

/** Reads JSON Lines, or a `.json` file with one event. */
export async function openFile(file: string): Promise<EventSource> {
  const read = () => readEvents(createReadStream(file));
  try {
    if (file.endsWith('.json')) return inMemory([readNewEvent(decode(await readFile(file), file), file)]);
    let total = 0;
    for await (const _ of read()) total += 1;
    return { total, read };
  } catch (error) {
    if (error instanceof Error && 'syscall' in error)
      throw new WrongUsage(`${file} cannot be read: ${error.message}`);
    throw error;
  }
}

/** Reads JSON Lines from a stream, which can be read only once. */
export async function openStream(input: AsyncIterable<Uint8Array>): Promise<EventSource> {
  const events: NewEvent[] = [];
  for await (const event of readEvents(input)) events.push(event);
  return inMemory(events);
}

export function inMemory(events: readonly NewEvent[]): EventSource {
  return { total: events.length, read: () => events };
}

async function* readEvents(input: AsyncIterable<Uint8Array>): AsyncGenerator<NewEvent> {
  for await (const { number, text } of readLines(input))
    if (text.trim() !== '') yield readNewEvent(text, `line ${number}`);
}
