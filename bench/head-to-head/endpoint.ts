import { startChild } from './child.ts';
import type { Counts, EndpointCalls } from './endpoint-process.ts';

/** A stub of EventBridge in its own process, so that receiving costs the contenders nothing. */
export interface Endpoint {
  readonly url: string;
  /** Forgets the received events and sets the delay of its answers. */
  reset(latencyMs: number): Promise<void>;
  counts(): Promise<Counts>;
  /** When each event was first received, on the machine's clock. */
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
