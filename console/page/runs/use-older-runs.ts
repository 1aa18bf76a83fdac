import { useEffect, useState } from 'react';
import type { Problem, RunSummary, RunsPage } from '../../api.ts';
import { problemOf } from '../shell/problem-of.ts';
import { read } from '../shell/server.ts';

interface Older {
  readonly runs: readonly RunSummary[];
  /** Undefined when there are no older ones. */
  readonly next: string | undefined;
  readonly loading: boolean;
  readonly problem: Problem | undefined;
  readonly loadOlder: () => void;
}

/** The newest page, which is asked for again and again, with the older pages that were asked for below it. */
export function useOlderRuns(newest: RunsPage | undefined, idle: boolean): Older {
  const [older, setOlder] = useState<RunsPage>();
  const [loading, setLoading] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list begins without older pages
  useEffect(() => setOlder(undefined), [idle]);
  const next = older === undefined ? newest?.next : older.next;
  const loadOlder = () => {
    if (next === undefined) return;
    setLoading(true);
    setProblem(undefined);
    const query = new URLSearchParams({ next, ...(idle && { idle: 'true' }) });
    read<RunsPage>(`runs?${query}`)
      .then(
        // The newest page of now is kept too: it moves on, and would leave a gap.
        (page) => setOlder({ ...page, runs: [...(older?.runs ?? newest?.runs ?? []), ...page.runs] }),
        (error: unknown) => setProblem(problemOf(error)),
      )
      .finally(() => setLoading(false));
  };
  const byArn = new Map([...(older?.runs ?? []), ...(newest?.runs ?? [])].map((run) => [run.arn, run]));
  const runs = [...byArn.values()].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
  return { runs, next, loading, problem, loadOlder };
}
