import { setTimeout as pause } from 'node:timers/promises';
import { type ContenderProcess, finish, startContenderProcess } from './contender-worker.ts';
import type { Contender } from './contenders/contender.ts';
import type { Endpoint } from './endpoint.ts';
import type { EventKind } from './events.ts';
import { inFreshDatabase, vacuumAnalyze } from './fresh-database.ts';
import type { Stage } from './stage.ts';

/** The approximate response time of EventBridge. */
export const LATENCY_MS = 15;
const LOOK_EVERY_MS = 20;
const MILLISECONDS_PER_SECOND = 1_000;

export interface Backlog {
  readonly kind: EventKind;
  readonly events: number;
  /** Number of worker processes at the same time. */
  readonly processes: number;
  /** A longer run is stopped after this time. */
  readonly limitSeconds: number;
}

export interface BacklogRun {
  readonly eventsPerSecond: number;
  /** Whether all events were received within the limit. */
  readonly drained: boolean;
  readonly requestsPerEvent: number;
  readonly statementsPerEvent: number;
  readonly received: number;
  readonly receivedTwice: number;
  readonly outOfOrder: number;
}

/** Lets a contender publish a backlog in a fresh database. @throws when one of its processes ends */
export function runBacklog(stage: Stage, contender: Contender, backlog: Backlog): Promise<BacklogRun> {
  return inFreshDatabase(stage.postgres, async (databaseUrl) => {
    const workers = Array.from({ length: backlog.processes }, startContenderProcess);
    try {
      const place = { contender: contender.name, databaseUrl };
      await workers[0]?.call('prepare', place);
      await workers[0]?.call('fill', { ...place, kind: backlog.kind, count: backlog.events });
      await vacuumAnalyze(databaseUrl);
      return await measure(stage, workers, place, backlog);
    } finally {
      await Promise.all(workers.map((worker) => worker.stop()));
    }
  });
}

async function measure(
  { endpoint, statements }: Stage,
  workers: readonly ContenderProcess[],
  place: { readonly contender: string; readonly databaseUrl: string },
  { events, limitSeconds }: Backlog,
): Promise<BacklogRun> {
  const database = new URL(place.databaseUrl).pathname.slice(1);
  await endpoint.reset(LATENCY_MS);
  const before = await statements.count(database);
  await Promise.all(workers.map((worker) => worker.call('start', { ...place, endpoint: endpoint.url })));
  await Promise.race([untilReceived(endpoint, events, limitSeconds), ...workers.map(({ ended }) => ended)]);
  const { received, firstAt, lastAt } = await endpoint.counts();
  await Promise.all(workers.map(finish));
  // Requests in flight count too, as requests and as duplicates.
  const { requests, entries, twice, outOfOrder } = await endpoint.counts();
  const asked = (await statements.count(database)) - before;
  return {
    // Measured from the first to the last event, without the start of the processes.
    eventsPerSecond: received > 1 ? ((received - 1) / (lastAt - firstAt)) * MILLISECONDS_PER_SECOND : 0,
    drained: received >= events,
    requestsPerEvent: requests / Math.max(1, entries),
    statementsPerEvent: asked / Math.max(1, entries),
    received,
    receivedTwice: twice,
    outOfOrder,
  };
}

async function untilReceived(endpoint: Endpoint, events: number, limitSeconds: number): Promise<void> {
  const deadline = performance.now() + limitSeconds * MILLISECONDS_PER_SECOND;
  while (performance.now() < deadline && (await endpoint.counts()).received < events) {
    await pause(LOOK_EVERY_MS);
  }
}
