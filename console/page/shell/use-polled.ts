import { useCallback, useEffect, useRef, useState } from 'react';
import type { Problem } from '../../api.ts';
import { problemOf } from './problem-of.ts';

export interface Polled<T> {
  /** The last answer, kept while the server does not answer. */
  readonly data: T | undefined;
  readonly problem: Problem | undefined;
  /** Asks now instead of at the next interval. */
  readonly refresh: () => void;
}

type Load<T> = (signal: AbortSignal, before: T | undefined) => Promise<T>;

const SLOWEST_MS = 15_000;

/**
 * Asks again at each interval, slower after a failure, and not at all while the tab is hidden.
 * Another `key` is another question: its data start from nothing.
 */
export function usePolled<T>(
  key: string,
  load: Load<T>,
  intervalMs: number | ((data: T) => number | undefined),
): Polled<T> {
  const [state, setState] = useState<{ key: string; data?: T; problem?: Problem }>({ key });
  const latest = useRef({ load, intervalMs });
  latest.current = { load, intervalMs };
  const asking = useRef<() => void>(() => undefined);

  useEffect(() => {
    const stopping = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let data: T | undefined;
    let failures = 0;
    let busy = false;

    const ask = async () => {
      clearTimeout(timer);
      if (busy || document.hidden || stopping.signal.aborted) return;
      busy = true;
      let wait: number | undefined;
      try {
        data = await latest.current.load(stopping.signal, data);
        failures = 0;
        if (!stopping.signal.aborted) setState({ key, data });
        const interval = latest.current.intervalMs;
        wait = typeof interval === 'number' ? interval : interval(data);
      } catch (error) {
        failures += 1;
        wait = Math.min(SLOWEST_MS, 1_000 * 2 ** (failures - 1));
        if (!stopping.signal.aborted)
          setState({ key, ...(data !== undefined && { data }), problem: problemOf(error) });
      }
      busy = false;
      if (wait !== undefined && !stopping.signal.aborted) timer = setTimeout(() => void ask(), wait);
    };
    const now = () => void ask();
    asking.current = now;
    document.addEventListener('visibilitychange', now);
    now();
    return () => {
      stopping.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', now);
    };
  }, [key]);

  const refresh = useCallback(() => asking.current(), []);
  const current = state.key === key ? state : { key };
  return { data: current.data, problem: current.problem, refresh };
}
