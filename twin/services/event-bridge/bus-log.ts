import { closeSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readLines } from './read-lines.ts';

/** An event as the bus accepted it; `Detail` is the text as received. */
export interface AcceptedEvent {
  readonly EventId: string;
  /** ISO 8601. */
  readonly Time: string;
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
  readonly Resources: readonly string[];
  readonly EventBusName: string;
}

/** Everything the bus accepted, in order, in a file, so that it survives a restart. */
export interface BusLog {
  append(events: readonly AcceptedEvent[]): void;
  /**
   * The events after the first `skip`, each as the JSON text that it is kept as, with the number of those before it.
   * When some of them were dropped, it begins with the oldest one that is kept.
   */
  readTexts(skip: number): AsyncIterable<{ readonly position: number; readonly text: string }>;
  read(skip: number): AsyncIterable<AcceptedEvent>;
  /** How many of the first events were dropped. */
  readonly dropped: number;
  /** Events accepted since the log began, dropped ones included. */
  readonly length: number;
  close(): Promise<void>;
}

/** A part of the log in a file of its own. */
interface Part {
  file: string;
  /** Events of the log before it. */
  readonly position: number;
  events: number;
  bytes: number;
  /** Where some of its events are, in their order. */
  readonly marks: { readonly position: number; readonly byte: number }[];
}

const EVENTS_BETWEEN_MARKS = 1_000;

export interface BusLogBounds {
  readonly maxBytes: number;
  /** Keeps every event that is accepted from now on, without a limit. The next log that is opened is bounded again. */
  readonly keepNew?: boolean;
}

/**
 * Opens the log in `file`. Beyond half of `maxBytes` the file is put aside, as `bus.jsonl.0-71234` with the positions
 * of its events, and what was put aside before it is dropped.
 */
export async function openBusLog(file: string, { maxBytes, keepNew = false }: BusLogBounds): Promise<BusLog> {
  await mkdir(dirname(file), { recursive: true });
  let aside = await findAside(file);
  let fd = openSync(file, 'a+');
  let current = newPart(file, aside === undefined ? 0 : aside.position + aside.events);
  // A kill in mid-write leaves half a line: nobody got an answer for that event, so it is removed.
  for await (const line of readLines(file)) {
    current.events += 1;
    current.bytes += line.length + 1;
  }
  ftruncateSync(fd, current.bytes);

  const first = () => (aside ?? current).position;
  const length = () => current.position + current.events;

  function putAside(): void {
    closeSync(fd);
    if (aside !== undefined) rmSync(aside.file);
    aside = current;
    aside.file = `${file}.${current.position}-${length()}`;
    renameSync(file, aside.file);
    current = newPart(file, length());
    fd = openSync(file, 'a+');
  }

  async function* readTexts(skip: number) {
    const end = length();
    for (let next = skip; next < end; ) {
      next = Math.max(next, first());
      const begun = next;
      const part = aside !== undefined && next < current.position ? aside : current;
      const mark = part.marks.findLast(({ position }) => position <= next) ?? { ...part, byte: 0 };
      let { position } = mark;
      try {
        for await (const line of readLines(part.file, mark.byte)) {
          if (position === next) yield { position: next++, text: line.toString('utf8') };
          position += 1;
          if (next === end) return;
        }
      } catch (error) {
        if (next >= first()) throw error; // else the part was dropped in the meantime
      }
      if (next === begun && next >= first())
        throw new Error(`${part.file} has lost events: something else has changed it`);
    }
  }

  const isFull = (bytes: number) => current.events > 0 && bytes > maxBytes / 2;
  if (isFull(current.bytes)) putAside();

  return {
    append(events) {
      if (events.length === 0) return;
      const lines = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
      if (!keepNew && isFull(current.bytes + lines.length)) putAside();
      const { position = current.position } = current.marks.at(-1) ?? {};
      if (length() - position >= EVENTS_BETWEEN_MARKS)
        current.marks.push({ position: length(), byte: current.bytes });
      // Synchronous: 30 times faster than the way through the thread pool, and two requests cannot mix.
      writeSync(fd, lines);
      current.events += events.length;
      current.bytes += lines.length;
    },
    readTexts,
    async *read(skip) {
      for await (const { text } of readTexts(skip)) yield JSON.parse(text) as AcceptedEvent;
    },
    get dropped() {
      return first();
    },
    get length() {
      return length();
    },
    close: async () => closeSync(fd),
  };
}

function newPart(file: string, position: number): Part {
  return { file, position, events: 0, bytes: 0, marks: [] };
}

/** The part that was put aside last. A kill between two steps may have left an older one too, which is dropped. */
async function findAside(file: string): Promise<Part | undefined> {
  const parts = (await readdir(dirname(file))).flatMap((name) => {
    const [, position, end] = /^\.(\d+)-(\d+)$/.exec(name.slice(basename(file).length)) ?? [];
    if (!name.startsWith(basename(file)) || position === undefined) return [];
    const events = Number(end) - Number(position);
    return [{ ...newPart(join(dirname(file), name), Number(position)), events }];
  });
  const [newest, ...older] = parts.sort((a, b) => b.position - a.position);
  for (const part of older) await rm(part.file);
  return newest;
}
