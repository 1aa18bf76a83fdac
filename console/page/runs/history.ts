import type { HistoryStep, Run } from '../../api.ts';

/** A run with all of its history that has arrived so far. */
export interface FollowedRun {
  readonly run: Omit<Run, 'events'>;
  readonly steps: readonly HistoryStep[];
  /** Whether the last answer had news: else the next part has not arrived yet. */
  readonly hasNews: boolean;
}

/** Adds news to a run. CloudWatch Logs may deliver late, twice and in another order. */
export function follow(before: FollowedRun | undefined, { events, ...run }: Run): FollowedRun {
  const known = before?.steps ?? [];
  if (events.length === 0) return { run, steps: known, hasNews: false };
  const last = known.at(-1)?.id ?? 0;
  const inOrder = events.every(({ id }, index) => id > (events[index - 1]?.id ?? last));
  if (inOrder) return { run, steps: [...known, ...events], hasNews: true };
  const byId = new Map([...known, ...events].map((step) => [step.id, step]));
  return {
    run,
    steps: [...byId.values()].sort((a, b) => a.id - b.id),
    hasNews: byId.size > known.length,
  };
}

/** The id up to which nothing is missing: what comes after it is asked for again. */
export function completeUpTo(steps: readonly HistoryStep[]): number {
  const gap = steps.findIndex(({ id }, index) => id !== index + 1);
  return gap === -1 ? steps.length : gap;
}
