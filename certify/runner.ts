import type { Context } from './context.ts';
import {
  compare,
  type Difference,
  isDenied,
  type Need,
  NotObservable,
  needs,
  type Observation,
  type Scenario,
} from './scenario.ts';

const LIMIT_SECONDS = 180;

export type Outcome = 'same' | 'differs' | 'skipped';

/** The result of one scenario. */
export interface Result {
  readonly id: string;
  readonly sentence: string;
  readonly outcome: Outcome;
  readonly differences: readonly Difference[];
  /** The reason why it was skipped. */
  readonly reason?: string;
  readonly expected: Observation;
  readonly observed?: Observation;
  readonly notes: readonly string[];
  readonly seconds: number;
}

export interface RunOptions {
  readonly context: (signal: AbortSignal, note: (text: string) => void) => Context;
  /** The needs that are not met. */
  readonly lacks: ReadonlySet<Need>;
  readonly signal: AbortSignal;
  onBegin(scenario: Scenario): void;
  onEnd(result: Result): void;
}

/** Runs all scenarios, whatever their results, until `signal` is aborted. */
export async function runScenarios(scenarios: readonly Scenario[], options: RunOptions): Promise<Result[]> {
  const results: Result[] = [];
  for (const scenario of scenarios) {
    if (options.signal.aborted) break;
    options.onBegin(scenario);
    const result = await runScenario(scenario, options);
    if (result === undefined) break;
    results.push(result);
    options.onEnd(result);
  }
  return results;
}

/** Undefined when it was interrupted. */
async function runScenario(
  scenario: Scenario,
  { context, lacks, signal }: RunOptions,
): Promise<Result | undefined> {
  const { id, sentence, expected, limitSeconds = LIMIT_SECONDS } = scenario;
  const startedAt = performance.now();
  const notes: string[] = [];
  const end = (outcome: Outcome, what: Partial<Result> = {}): Result => {
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
    return { id, sentence, outcome, differences: [], expected, notes, seconds, ...what };
  };

  const lacking = scenario.needs.find((need) => lacks.has(need));
  if (lacking !== undefined) return end('skipped', { reason: needs[lacking] });
  const limit = AbortSignal.timeout(limitSeconds * 1000);
  const either = AbortSignal.any([signal, limit]);
  try {
    const observed = await Promise.race([
      scenario.observe(context(either, (note) => notes.push(note))),
      rejectOn(either),
    ]);
    const differences = compare(expected, observed);
    return end(differences.length === 0 ? 'same' : 'differs', { observed, differences });
  } catch (error) {
    if (signal.aborted) return undefined;
    if (error instanceof NotObservable) return end('skipped', { reason: error.message });
    if (isDenied(error)) return end('skipped', { reason: `not allowed: ${describe(error)}` });
    const observed = limit.aborted ? `no end within ${limitSeconds} s` : describe(error);
    return end('differs', { differences: [{ key: 'error', expected: 'none', observed }] });
  }
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
