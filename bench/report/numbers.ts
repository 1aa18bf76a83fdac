import type { Cell } from '../section.ts';

/** Three significant digits below a hundred, whole numbers above; an empty cell for an unknown value. */
export function formatCell(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'string') return cell;
  if (!Number.isFinite(cell)) return '–';
  const size = Math.abs(cell);
  if (Number.isInteger(cell) || size >= 100) return group(cell, 0);
  if (size >= 10) return group(cell, 1);
  if (size >= 0.1) return group(cell, 2);
  return size < 0.001 ? '<0.001' : cell.toPrecision(2);
}

const group = (value: number, digits: number) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Whether a column holds figures, so that it is aligned to the right. */
export function isNumeric(rows: readonly (readonly Cell[])[], column: number): boolean {
  const cells = rows.map((row) => row[column]).filter((cell) => cell !== null && cell !== undefined);
  return cells.length > 0 && cells.every((cell) => typeof cell === 'number');
}
