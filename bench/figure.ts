import type { Cell } from './section.ts';

// A benchmark on a shared machine is not more exact than this.
const SIGNIFICANT_DIGITS = 3;

/** A measured number with its significant digits. */
export function figure(value: number): number {
  return Number(value.toPrecision(SIGNIFICANT_DIGITS));
}

/** A cell as a point of a chart; a text has none. */
export function numberOrNull(cell: Cell | undefined): number | null {
  return typeof cell === 'number' ? cell : null;
}
