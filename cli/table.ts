import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';

type Row = Readonly<Record<string, string>>;

const GAP = 2;
const NARROWEST = 8;

/** Rows under their keys. Where a width is given, the columns that do not fit are cut or left out from the right. */
export function formatTable(
  rows: readonly Row[],
  width: number | undefined,
  dim: (text: string) => string,
): string {
  const keys = Object.keys(rows[0] ?? {});
  const natural = keys.map((key) =>
    Math.max(...[key, ...rows.map((row) => row[key] ?? '')].map(visibleLength)),
  );
  const widths = width === undefined ? natural : widthsWithin(width, natural);
  const columns = keys.slice(0, widths.length);
  const table = new Table({
    head: columns.map(dim),
    colWidths: widths.map((columnWidth) => columnWidth + GAP),
    chars: borderless,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
  });
  table.push(...rows.map((row) => columns.map((column) => row[column] ?? '')));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
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

function visibleLength(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

const edges = ['top', 'bottom', 'left', 'right', 'mid'];
const corners = ['top-mid', 'top-left', 'top-right', 'bottom-mid', 'bottom-left', 'bottom-right'];
const inner = ['left-mid', 'mid-mid', 'right-mid', 'middle'];
const borderless = Object.fromEntries([...edges, ...corners, ...inner].map((name) => [name, '']));
