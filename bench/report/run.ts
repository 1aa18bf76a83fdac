import type { Options, Section } from '../section.ts';
import { type Progress, startProgress } from './progress.ts';
import {
  describeMachine,
  type Failure,
  type MeasuredSection,
  type Results,
  readResults,
  versions,
  writeResults,
} from './results.ts';
import { renderTable } from './table.ts';

/** A benchmark that can be selected by its name. */
export interface Benchmark {
  readonly name: string;
  /** Computed rather than measured, so a quick run gives the same result. */
  readonly computed?: true;
  /** Imports the benchmark when it is run. `folder` contains the results so far. */
  readonly run: (options: Options, folder: string) => Promise<Section | readonly Section[]>;
}

/** @throws Error with the list of all benchmarks */
export function chosen(benchmarks: readonly Benchmark[], only: readonly string[]): readonly Benchmark[] {
  const unknown = only.filter((name) => !benchmarks.some((each) => each.name === name));
  if (unknown.length > 0) {
    throw new Error(
      `no section ${unknown.join(', ')}: there are ${benchmarks.map(({ name }) => name).join(', ')}`,
    );
  }
  return only.length === 0 ? benchmarks : benchmarks.filter(({ name }) => only.includes(name));
}

/**
 * Runs benchmarks one after another. results.json is written after each, so that an interruption loses no results;
 * a section that is measured again replaces the earlier one, and the others stay.
 */
export async function runBenchmarks(
  benchmarks: readonly Benchmark[],
  folder: string,
  { quick, order }: { readonly quick: boolean; readonly order: readonly Benchmark[] },
): Promise<Results> {
  const progress = startProgress();
  const machine = await describeMachine();
  const before = await readResults(folder);
  let sections: readonly MeasuredSection[] = before?.sections ?? [];
  const failures = (before?.failures ?? []).filter(
    ({ name }) => !benchmarks.some((each) => each.name === name),
  );
  const results = (): Results => ({
    date: new Date().toISOString(),
    machine,
    versions: versions(),
    sections,
    failures,
  });
  for (const [index, benchmark] of benchmarks.entries()) {
    progress.section(benchmark.name, index + 1, benchmarks.length);
    const measured = await attempt(benchmark, { quick, report: progress.step }, folder, progress, failures);
    const measuredAt = new Date().toISOString();
    sections = merge(
      sections,
      measured.map((section) => ({
        ...section,
        benchmark: benchmark.name,
        measuredAt,
        quick: quick && !benchmark.computed,
        machine,
      })),
      order,
    );
    await writeResults(folder, results());
  }
  progress.clear();
  return results();
}

async function attempt(
  { name, run }: Benchmark,
  options: Options,
  folder: string,
  progress: Progress,
  failures: Failure[],
): Promise<readonly Section[]> {
  try {
    const given = await run(options, folder);
    const sections: readonly Section[] = 'rows' in given ? [given] : given;
    progress.clear();
    for (const section of sections) console.log(renderTable(section));
    return sections;
  } catch (error) {
    progress.clear();
    const reason = error instanceof Error ? error.message : String(error);
    failures.push({ name, reason });
    console.error(`\n${name} failed: ${error instanceof Error ? (error.stack ?? reason) : reason}`);
    return [];
  }
}

/** New results replace earlier ones of the same benchmark; all are in the order of the benchmarks. */
function merge(
  before: readonly MeasuredSection[],
  measured: readonly MeasuredSection[],
  order: readonly Benchmark[],
): readonly MeasuredSection[] {
  const renewed = measured[0]?.benchmark;
  const rank = ({ benchmark }: MeasuredSection) => order.findIndex(({ name }) => name === benchmark);
  return [...before.filter(({ benchmark }) => benchmark !== renewed), ...measured].sort(
    (a, b) => rank(a) - rank(b),
  );
}
