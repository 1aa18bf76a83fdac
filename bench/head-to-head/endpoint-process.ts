import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as after } from 'node:timers/promises';
import { serve } from './child.ts';
import { machineMs } from './clock.ts';

/** The events in PutEvents requests since the last reset. Times are on the machine's clock. */
export interface Counts {
  readonly requests: number;
  readonly entries: number;
  /** Number of distinct event ids. */
  readonly received: number;
  /** Number of distinct event ids that were received more than once. */
  readonly twice: number;
  /** Number of small events that arrived after a later one of their aggregate. */
  readonly outOfOrder: number;
  /** When the first and the last distinct ids were received. */
  readonly firstAt: number;
  readonly lastAt: number;
}

// PostgreSQL prints a space after the colon, JSON.stringify does not.
const EVENT_ID = /"eventId": ?"([^"]+)"/;
const AGGREGATE = /"dishId": ?"([^"]+)"/;
const INDEX = /"index": ?(\d+)/;

let latencyMs = 0;
let requests = 0;
let entries = 0;
let firstAt = 0;
let lastAt = 0;
const arrivals = new Map<string, number>();
const again = new Set<string>();
const latest = new Map<string, number>();
let outOfOrder = 0;

function receive(details: readonly string[]): void {
  const now = machineMs();
  requests += 1;
  entries += details.length;
  for (const detail of details) {
    const id = EVENT_ID.exec(detail)?.[1] ?? '';
    if (arrivals.has(id)) {
      again.add(id);
      continue;
    }
    if (arrivals.size === 0) firstAt = now;
    lastAt = now;
    arrivals.set(id, now);
    checkOrder(detail);
  }
}

function checkOrder(detail: string): void {
  const [, aggregate] = AGGREGATE.exec(detail) ?? [];
  if (aggregate === undefined) return;
  const index = Number(INDEX.exec(detail)?.[1]);
  const before = latest.get(aggregate) ?? -1;
  if (index < before) outOfOrder += 1;
  latest.set(aggregate, Math.max(index, before));
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = JSON.parse(await text(request)) as { Entries?: { Detail: string }[] };
  const isPutEvents = request.headers['x-amz-target'] === 'AWSEvents.PutEvents';
  const { Entries = [] } = body;
  if (isPutEvents) {
    receive(Entries.map(({ Detail }) => Detail));
    await after(latencyMs);
  }
  const result = isPutEvents
    ? { FailedEntryCount: 0, Entries: Entries.map(() => ({ EventId: randomUUID() })) }
    : { Name: 'bench', Arn: 'arn:aws:events:us-east-1:000000000000:event-bus/bench' };
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(result));
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.writeHead(500).end());
});
server.keepAliveTimeout = 0; // closing an idle connection would cost the client a retry
const listening = new Promise<string>((resolve) => {
  server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
});

const calls = {
  url: () => listening,
  async reset(settings: { readonly latencyMs: number }): Promise<void> {
    latencyMs = settings.latencyMs;
    requests = 0;
    entries = 0;
    arrivals.clear();
    again.clear();
    latest.clear();
    outOfOrder = 0;
  },
  counts: async (): Promise<Counts> => ({
    requests,
    entries,
    received: arrivals.size,
    twice: again.size,
    outOfOrder,
    firstAt,
    lastAt,
  }),
  /** When each event was first received. */
  arrivals: async (): Promise<readonly (readonly [id: string, at: number])[]> => [...arrivals],
};

export type EndpointCalls = typeof calls;
serve(calls);
