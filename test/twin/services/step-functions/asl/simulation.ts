import { loadStateMachine } from '../../../../../twin/services/step-functions/asl/load.ts';
import {
  type Clock,
  type Execution,
  type HistoryEvent,
  type Outcome,
  runStateMachine,
} from '../../../../../twin/services/step-functions/asl/run.ts';

/** A clock that stands still while anything can happen and then jumps to the next sleeper. */
export function virtualClock(
  start = Date.parse('2026-11-23T12:00:00Z'),
): Clock & { readonly slept: number[]; pending(): number } {
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  const slept: number[] = [];
  let now = start;
  const leap = (): void => {
    const [first] = [...sleepers].sort((one, other) => one.at - other.at);
    if (first === undefined) return;
    sleepers.delete(first);
    now = Math.max(now, first.at);
    first.wake();
    if (sleepers.size > 0) setImmediate(leap);
  };
  return {
    slept,
    pending: () => sleepers.size,
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { at: now + ms, wake: resolve };
        slept.push(ms);
        signal.addEventListener('abort', () => {
          sleepers.delete(sleeper);
          reject(signal.reason);
        });
        sleepers.add(sleeper);
        setImmediate(leap);
      }),
  };
}

/** The common frame of a definition: its states, starting at the first one. */
export function machine(states: Readonly<Record<string, object>>, more: object = {}): string {
  return JSON.stringify({
    QueryLanguage: 'JSONata',
    StartAt: Object.keys(states)[0],
    States: states,
    ...more,
  });
}

export interface Simulated {
  readonly outcome: Outcome;
  readonly events: readonly HistoryEvent[];
  readonly slept: readonly number[];
}

export async function simulate(
  definition: string,
  { input = {}, ...given }: Partial<Execution> = {},
): Promise<Simulated> {
  const events: HistoryEvent[] = [];
  const clock = virtualClock();
  const outcome = await runStateMachine(loadStateMachine(definition), {
    input,
    context: { Execution: { Name: 'run-1' }, StateMachine: { Name: 'machine' } },
    invoke: async (_resource, args) => args,
    clock,
    random: () => 0.5,
    record: (event) => events.push(event),
    signal: new AbortController().signal,
    ...given,
  });
  return { outcome, events, slept: clock.slept };
}
