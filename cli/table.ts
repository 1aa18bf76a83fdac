import cliTruncate from 'cli-truncate';
import stringWidth from 'string-width';

type Row = Readonly<Record<string, string>>;

const GAP = 2;
const NARROWEST = 8;

/**
 * Rows under their keys. Where a width is given, the columns that do not fit are cut or left out from the right.
 * What counts is the cells of a terminal that a text takes: two for most of East Asia's characters and for emoji.
 */
export function formatTable(
  rows: readonly Row[],
  width: number | undefined,
  dim: (text: string) => string,
): string {
  const keys = Object.keys(rows[0] ?? {});
  const natural = keys.map((key) =>
    Math.max(...[key, ...rows.map((row) => row[key] ?? '')].map((text) => stringWidth(text))),
  );
  const widths = width === undefined ? natural : widthsWithin(width, natural);
  const line = (texts: readonly string[]) =>
    widths
      .map((cells, column) => fill(texts[column] ?? '', cells) + ' '.repeat(GAP))
      .join('')
      .trimEnd();
  return [keys.map((key) => dim(key)), ...rows.map((row) => keys.map((key) => row[key] ?? ''))]
    .map(line)
    .join('\n');
}

/** At most so many cells of it; what is cut ends with an ellipsis. */
export function shorten(text: string, cells: number): string {
  const shortened = cliTruncate(text, cells);
  // cli-truncate keeps a wide character of which only the first half fits.
  return stringWidth(shortened) > cells ? cliTruncate(text, cells - 1) : shortened;
}

function fill(text: string, cells: number): string {
  const fitting = shorten(text, cells);
  return fitting + ' '.repeat(Math.max(0, cells - stringWidth(fitting)));
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
