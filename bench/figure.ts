// A benchmark on a shared machine does not know more.
const SIGNIFICANT_DIGITS = 3;

/** A measured number with the digits that mean something. */
export function figure(value: number): number {
  return Number(value.toPrecision(SIGNIFICANT_DIGITS));
}
