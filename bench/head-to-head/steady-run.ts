import { setTimeout as pause } from 'node:timers/promises';
import { percentile } from '../section.ts';
import { LATENCY_MS } from './backlog-run.ts';
import { finish, startContenderProcess } from './contender-worker.ts';
import type { Contender } from './contenders/contender.ts';
import { inFreshDatabase } from './fresh-database.ts';
import type { Stage } from './stage.ts';

// Excludes the first events, which run code that is not compiled yet.
const WARM_UP_SECONDS = 1;
/** Time limit for the last event to be received. */
const SETTLE_MS = 1_500;

export interface Load {
  readonly perSecond: number;
  readonly seconds: number;
}

export interface SteadyRun {
  readonly written: number;
  readonly received: number;
  /** From the commit as seen by its client to the receipt of the request. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Lets a contender publish events that another process writes at a steady rate. @throws when a process ends */
export function runSteady(
  { postgres, endpoint }: Stage,
  contender: Contender,
  load: Load,
): Promise<SteadyRun> {
  return inFreshDatabase(postgres, async (databaseUrl) => {
    const place = { contender: contender.name, databaseUrl };
    const producer = startContenderProcess();
    const worker = startContenderProcess();
    try {
      await producer.call('prepare', place);
      await endpoint.reset(LATENCY_MS);
      await worker.call('start', { ...place, endpoint: endpoint.url });
      const count = load.perSecond * (WARM_UP_SECONDS + load.seconds);
      const written = await Promise.race([
        producer.call('produce', { ...place, perSecond: load.perSecond, count }),
        worker.ended,
      ]);
      await pause(SETTLE_MS);
      const arrivals = await endpoint.arrivals();
      await finish(worker);
      return summarize(written.slice(load.perSecond * WARM_UP_SECONDS), arrivals);
    } finally {
      await Promise.all([producer.stop(), worker.stop()]);
    }
  });
}

function summarize(
  written: readonly (readonly [id: string, committedAt: number])[],
  arrivals: ReadonlyMap<string, number>,
): SteadyRun {
  const delays = written.flatMap(([id, committedAt]) => {
    const arrivedAt = arrivals.get(id);
    return arrivedAt === undefined ? [] : [arrivedAt - committedAt];
  });
  return {
    written: written.length,
    received: delays.length,
    p50Ms: percentile(delays, 0.5),
    p99Ms: percentile(delays, 0.99),
  };
}
