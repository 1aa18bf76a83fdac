import { createBus } from './bus.ts';
import { serve } from './child.ts';
import { machineMs } from './clock.ts';
import { findContender } from './contenders/catalogue.ts';
import type { StopWorker } from './contenders/contender.ts';
import { type EventKind, eventsOf } from './events.ts';

/** The contender and its database. */
interface Place {
  readonly contender: string;
  readonly databaseUrl: string;
}

const EVENTS_PER_INSERT = 500;
const MILLISECONDS_PER_SECOND = 1_000;

let stopWorker: StopWorker | undefined;

const calls = {
  prepare: ({ contender, databaseUrl }: Place) => findContender(contender).prepare(databaseUrl),

  /** Writes a backlog. */
  async fill({
    contender,
    databaseUrl,
    kind,
    count,
  }: Place & { readonly kind: EventKind; readonly count: number }): Promise<void> {
    const producer = await findContender(contender).openProducer(databaseUrl);
    for (let written = 0; written < count; written += EVENTS_PER_INSERT) {
      await producer.insert(eventsOf(kind, written, Math.min(EVENTS_PER_INSERT, count - written)));
    }
    await producer.close();
  },

  /** Writes at a steady rate, one event per transaction, and returns the time of each commit. */
  async produce({
    contender,
    databaseUrl,
    perSecond,
    count,
  }: Place & { readonly perSecond: number; readonly count: number }): Promise<
    readonly (readonly [id: string, committedAt: number])[]
  > {
    const producer = await findContender(contender).openProducer(databaseUrl);
    const events = eventsOf('small', 0, count);
    const interval = MILLISECONDS_PER_SECOND / perSecond;
    const startedAt = machineMs();
    const committed = await Promise.all(
      events.map(async (event, index) => {
        await untilMachineMs(startedAt + index * interval);
        await producer.insert([event]);
        return [event.id, machineMs()] as const;
      }),
    );
    await producer.close();
    return committed;
  },

  async start({ contender, databaseUrl, endpoint }: Place & { readonly endpoint: string }): Promise<void> {
    stopWorker = await findContender(contender).startWorker(databaseUrl, createBus(endpoint));
  },

  async stop(): Promise<void> {
    await stopWorker?.();
  },
};

function untilMachineMs(at: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, at - machineMs()));
}

export type ContenderCalls = typeof calls;
serve(calls);
