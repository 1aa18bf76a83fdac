import chalk, { type ChalkInstance } from 'chalk';
import { SingleBar } from 'cli-progress';
import { writeOut } from './stdout.ts';
import { formatTable, shorten } from './table.ts';

/** Answers go to stdout, messages to stderr. */
export interface Output {
  readonly json: boolean;
  readonly colors: ChalkInstance;
  /** Prints the answer: the value as one JSON document, or the text that `forPeople` returns. */
  answer(value: object, forPeople: () => string): void;
  /** The same for a value that already is JSON. */
  answerText(json: string, forPeople: () => string): void;
  /** Prints one of a stream of answers. */
  line(value: object, forPeople: () => string): void;
  table(rows: readonly Readonly<Record<string, string>>[]): string;
  /** At most this many cells in a terminal. Without a terminal nothing is cut, because a person may search the text. */
  cell(text: string, cells: number): string;
  note(text: string): void;
  /** Draws only in a terminal. */
  progress(total: number, unit: string): Progress;
}

export interface Progress {
  update(done: number): void;
  /** Prints a message above the bar. */
  note(text: string): void;
  stop(): void;
}

export function createOutput(json: boolean): Output {
  const { stdout, stderr } = process;
  const width = stdout.isTTY ? stdout.columns || undefined : undefined;
  return {
    json,
    colors: chalk,
    answer: (value, forPeople) => writeOut(`${json ? JSON.stringify(value, null, 2) : forPeople()}\n`),
    answerText: (text, forPeople) => writeOut(`${json ? text : forPeople()}\n`),
    line: (value, forPeople) => writeOut(`${json ? onOneLine(JSON.stringify(value)) : forPeople()}\n`),
    table: (rows) => formatTable(rows, width, chalk.dim),
    cell: (text, cells) => (width === undefined ? text : shorten(text, cells)),
    note: (text) => void stderr.write(`${text}\n`),
    progress(total, unit) {
      const format = `{bar} {percentage} %  {value} of {total} ${unit}  {duration_formatted}`;
      const bar = new SingleBar({ format, stream: stderr, barsize: 24, linewrap: true });
      bar.start(total, 0);
      const clearLine = stderr.isTTY ? '\r\u001b[K' : '';
      return {
        update: (done) => bar.update(done),
        note: (text) => void stderr.write(`${clearLine}${text}\n`),
        stop: () => bar.stop(),
      };
    },
  };
}

/** JSON allows these characters, and some readers treat each of them as the end of a line. */
function onOneLine(json: string): string {
  return json.replace(
    /[\u0085\u2028\u2029]/g,
    (separator) => `\\u${separator.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
