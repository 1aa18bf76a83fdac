/** A figure or a text; null for an empty cell. */
export type Cell = number | string | null;

/** One measurement as rows under columns, for the terminal, the JSON file and the documents. */
export interface Section {
  /** Short and stable, e.g. `drain`: the key in the JSON file and the value of `--only`. */
  readonly name: string;
  readonly title: string;
  /** What was measured and how, in a sentence or two. */
  readonly method: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Remarks that do not fit in a cell: why a peer crashed, or a wide spread. */
  readonly notes?: readonly string[];
  /** Bars, a line or both, drawn as SVG. Undefined when the table is sufficient. */
  readonly chart?: Chart;
}

export interface Chart {
  readonly kind: 'bars' | 'lines';
  readonly unit: string;
  /** One label per bar, or one per point of every line. */
  readonly labels: readonly string[];
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  /** Logarithmic value axis, for values that differ by powers of ten. */
  readonly logarithmic?: boolean;
}

/** The options of every section. */
export interface Options {
  /** Smaller numbers: all sections together take under three minutes instead of twenty. */
  readonly quick: boolean;
  /** Receives the current step for the progress line. */
  readonly report: (step: string) => void;
}

/** The median: the middle value, or the mean of the two middle values. */
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
