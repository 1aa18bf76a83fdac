import type { RunSummary, RunsPage } from '../api.ts';
import { cached } from './cached.ts';
import type { Connection } from './connection.ts';
import { createExpressRuns, type ExpressRuns } from './express-runs.ts';
import type { DescribedMachine, Machines } from './machines.ts';
import { badRequest, notFound } from './problem.ts';
import { listStandardRuns } from './standard-runs.ts';

export interface RunsQuery {
  readonly machine: string | undefined;
  readonly idle: boolean;
  /** Milliseconds since 1970, as `next` of the page before. */
  readonly before: number | undefined;
}

export interface Runs {
  list(query: RunsQuery): Promise<RunsPage>;
  /** What the lists that were read say of an Express run. */
  known(arn: string): RunSummary | undefined;
}

const PAGE = 50;
const MOST_WINDOWS = 4;
// Pages ask every second or two, and CloudWatch Logs answers an account a few times a second.
const FRESH_MS = 1_000;

/** The runs of all state machines, newest first. */
export function createRuns({ stepFunctions, logs }: Connection, machines: Machines): Runs {
  const express = new Map<string, ExpressRuns & { readonly fresh: () => Promise<void> }>();

  function expressRunsOf(machine: DescribedMachine) {
    const existing = express.get(machine.arn);
    if (existing !== undefined) return existing;
    const runs = createExpressRuns(logs, machine);
    const added = { ...runs, fresh: cached(FRESH_MS, runs.refresh) };
    express.set(machine.arn, added);
    return added;
  }

  return {
    known(arn) {
      for (const runs of express.values()) {
        const run = runs.get(arn);
        if (run !== undefined) return run;
      }
      return undefined;
    },
    async list({ machine, idle: withIdle, before = Number.POSITIVE_INFINITY }) {
      const all = await machines();
      const wanted = all.filter(({ arn }) => machine === undefined || arn === machine);
      if (wanted.length === 0) throw notFound(`no state machine ${machine}`);
      // Without a history there is nothing to show of one; when it is asked for by name, that is said.
      const readable = wanted.filter(
        ({ type, history }) => type === 'STANDARD' || history !== 'off' || machine !== undefined,
      );
      const logged = readable.filter(({ type }) => type === 'EXPRESS').map(expressRunsOf);
      const standard = readable.filter(({ type }) => type === 'STANDARD');
      await Promise.all(logged.map(({ fresh }) => fresh()));
      const isShown = (run: RunSummary) =>
        Date.parse(run.startedAt) < before && (withIdle || !foundNothing(run));
      const inMemory = () => logged.flatMap((runs) => runs.list());
      let more = true;
      for (let windows = 0; more && windows < MOST_WINDOWS; windows += 1) {
        if (inMemory().filter(isShown).length > PAGE) break;
        more = (await Promise.all(logged.map((runs) => runs.extend()))).includes(true);
      }
      const knownSince =
        logged.length === 0 || !more ? 0 : Math.max(...logged.map((runs) => runs.knownSince()));
      const listed = await Promise.all(
        standard.map(({ arn }) => listStandardRuns(stepFunctions, arn, knownSince)),
      );
      const candidates = [...inMemory(), ...listed.flat()]
        .filter(({ startedAt }) => Date.parse(startedAt) >= knownSince && Date.parse(startedAt) < before)
        .sort((one, other) => Date.parse(other.startedAt) - Date.parse(one.startedAt));
      const matching = candidates.filter(isShown);
      const runs = matching.slice(0, PAGE);
      const last = runs.at(-1);
      const oldestShown =
        matching.length > PAGE && last !== undefined ? Date.parse(last.startedAt) : knownSince;
      return {
        runs,
        idle: withIdle
          ? 0
          : candidates.filter((run) => Date.parse(run.startedAt) >= oldestShown && foundNothing(run)).length,
        ...((matching.length > PAGE || more) && { next: String(oldestShown) }),
      };
    },
  };
}

/** A run that found no event due, or a cleanup that found nothing to purge. */
function foundNothing({ status, output }: RunSummary): boolean {
  const { claimed, failedForGood, purged } = (output ?? {}) as Record<string, unknown>;
  return status === 'SUCCEEDED' && ((claimed === 0 && failedForGood === 0) || purged === 0);
}

export function readRunsQuery({ searchParams }: URL): RunsQuery {
  const next = searchParams.get('next') || undefined;
  if (next !== undefined && !/^\d{1,15}$/.test(next))
    throw badRequest(`next is ${next}: expected what a page of runs ended with`);
  return {
    machine: searchParams.get('machine') || undefined,
    idle: searchParams.get('idle') === 'true',
    before: next === undefined ? undefined : Number(next),
  };
}
