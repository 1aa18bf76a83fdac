import type { Cell } from './section.ts';

// A benchmark on a shared machine does not know more.
const SIGNIFICANT_DIGITS = 3;

/** A measured number with the digits that mean something. */
export function figure(value: number): number {
  return Number(value.toPrecision(SIGNIFICANT_DIGITS));
}

/** A cell as a point of a chart: a text is none. */
export function numberOrNull(cell: Cell | undefined): number | null {
  return typeof cell === 'number' ? cell : null;
}
