import { stripVTControlCharacters } from 'node:util';
import measure from 'fast-string-truncated-width';

type Row = Readonly<Record<string, string>>;

const GAP = 2;
const NARROWEST = 8;
// A table with fewer columns is not useful.
const FEWEST_COLUMNS = 2;

/**
 * A table of rows below their keys. With a width, columns that do not fit are cut or left out from the right; when
 * hardly any column fits, each row becomes a list of its cells instead.
 * Widths are in the cells of a terminal: most East Asian characters and emoji take two.
 */
export function formatTable(
  rows: readonly Row[],
  width: number | undefined,
  dim: (text: string) => string,
): string {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const natural = keys.map((key) =>
    Math.max(...[key, ...rows.map((row) => row[key] ?? '')].map((text) => measure(text).width)),
  );
  const widths = width === undefined ? natural : widthsWithin(width, natural);
  if (width !== undefined && widths.length < Math.min(FEWEST_COLUMNS, keys.length))
    return rows.map((row) => formatList(row, width, dim)).join('\n\n');
  const line = (textOf: (key: string) => string, paint = (text: string) => text) =>
    widths
      .map((cells, column) => {
        const text = shorten(textOf(keys[column] ?? ''), cells);
        return paint(text) + ' '.repeat(cells + GAP - measure(text).width);
      })
      .join('')
      .trimEnd();
  return [line((key) => key, dim), ...rows.map((row) => line((key) => row[key] ?? ''))].join('\n');
}

/** Each cell of a row on its own line, after its key. */
function formatList(row: Row, width: number, dim: (text: string) => string): string {
  const longest = Math.max(...Object.keys(row).map((key) => key.length));
  const left = width - longest - GAP;
  return Object.entries(row)
    .filter(([, text]) => text !== '')
    .map(([key, text]) => `${dim(key)}${' '.repeat(longest + GAP - key.length)}${shorten(text, left)}`)
    .join('\n');
}

/** The first cells of a text. A cut text ends with an ellipsis and loses its colour; an ARN keeps its end. */
export function shorten(text: string, cells: number): string {
  if (text.startsWith('arn:') && text.length > cells) return `…${text.slice(1 - cells)}`;
  const limits = { limit: cells, ellipsis: '…', ellipsisWidth: 1 };
  if (!measure(text, limits).truncated) return text;
  const plain = stripVTControlCharacters(text);
  return `${plain.slice(0, measure(plain, limits).index)}…`;
}

function widthsWithin(width: number, natural: readonly number[]): number[] {
  const widths: number[] = [];
  let left = width;
  for (const wanted of natural) {
    const given = Math.min(wanted, left - GAP);
    if (given < Math.min(wanted, NARROWEST)) break;
    widths.push(given);
    left -= given + GAP;
  }
  return widths;
}
