/** A figure or a text; null where there is nothing to say. */
export type Cell = number | string | null;

/** One thing that was measured, as rows under columns: for the terminal, the JSON file and the documents alike. */
export interface Section {
  /** Short and stable, e.g. `drain`: the key in the JSON file and the value of `--only`. */
  readonly name: string;
  readonly title: string;
  /** What was measured and how, in a sentence or two. */
  readonly method: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** What does not fit a cell: a peer that crashed and why, a spread that is wide. */
  readonly notes?: readonly string[];
  /** Bars, a line or both: drawn as SVG. Absent where a table says it all. */
  readonly chart?: Chart;
}

export interface Chart {
  readonly kind: 'bars' | 'lines';
  readonly unit: string;
  /** One label a bar, or one a point of every line. */
  readonly labels: readonly string[];
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  /** Logarithmic value axis, for what differs by powers of ten. */
  readonly logarithmic?: boolean;
}

/** What every section is run with. */
export interface Options {
  /** Smaller numbers: all sections together in under three minutes instead of twenty. */
  readonly quick: boolean;
  /** Hears what is being done, for the progress line. */
  readonly report: (step: string) => void;
}

/** The middle one of some values, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

/** The value below which this share (0 to 1) of the values lies; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
