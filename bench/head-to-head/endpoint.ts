import { startChild } from './child.ts';
import type { Counts, EndpointCalls } from './endpoint-process.ts';

/** A stand-in of EventBridge in a process of its own, so that receiving costs no contender anything. */
export interface Endpoint {
  readonly url: string;
  /** Forgets what was received and answers after this long from now on. */
  reset(latencyMs: number): Promise<void>;
  counts(): Promise<Counts>;
  /** When each event was received first, on the machine's clock. */
  arrivals(): Promise<ReadonlyMap<string, number>>;
  stop(): Promise<void>;
}

export async function startEndpoint(): Promise<Endpoint> {
  const child = startChild<EndpointCalls>('endpoint-process.ts');
  return {
    url: await child.call('url'),
    reset: (latencyMs) => child.call('reset', { latencyMs }),
    counts: () => child.call('counts'),
    arrivals: async () => new Map(await child.call('arrivals')),
    stop: child.stop,
  };
}
