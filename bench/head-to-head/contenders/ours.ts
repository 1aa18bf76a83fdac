import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import pg from 'pg';
import { type ClaimLimits, claim } from '../../../outbox/claim.ts';
import type { ClaimedEvent } from '../../../outbox/event.ts';
import { markProcessed } from '../../../outbox/mark-processed.ts';
import { type Published, publishEvents } from '../../../outbox/publish.ts';
import { createPublisher } from '../../../outbox/put-events.ts';
import { migrateDatabase } from '../../../test/support/migrate-database.ts';
import { createPgDataApi } from '../../../test/support/pg-data-api.ts';
import { chunks, EVENT_BUS_NAME } from '../bus.ts';
import type { Contender } from './contender.ts';
import { openSqlProducer } from './sql-producer.ts';

const INSERT = `
  insert into outbox_events (id, aggregate_id, event_type, payload)
  select (e->>'id')::uuid, e->>'aggregateId', e->>'eventType', e->'payload'
  from jsonb_array_elements($1::jsonb) e`;
const INSERT_IN_ORDER = `
  insert into outbox_events (id, aggregate_id, event_type, payload, ordering_key)
  select (e->>'id')::uuid, e->>'aggregateId', e->>'eventType', e->'payload', e->>'aggregateId'
  from jsonb_array_elements($1::jsonb) with ordinality as list(e, number) order by number`;

// The settings of the deployed stack: see infra/settings.ts and infra/handlers.ts.
const limits: ClaimLimits = {
  maxEvents: 200,
  maxStateBytes: 240_000,
  maxInlineBytes: 240_000,
  leaseSeconds: 330,
  maxAttempts: 8,
};
const REQUESTS_AT_ONCE = 40;
const IDLE_POLL_MS = 25;

interface Mode {
  /** Whether every event has its aggregate as its ordering key. */
  readonly inOrder?: true;
  readonly limits: ClaimLimits;
  readonly entriesPerRequest: number;
  /** Number of concurrent runs, each with its own claims: while one waits for PostgreSQL, another publishes. */
  readonly lanes: number;
}

type Publish = (events: readonly ClaimedEvent[]) => Promise<readonly Published[]>;

/** Publishes lists as the Map does: up to the maximum at once, and the next one when one is done. */
async function publishAll(
  claimed: readonly ClaimedEvent[],
  entriesPerRequest: number,
  publish: Publish,
): Promise<Published[]> {
  const unordered = claimed.filter(({ orderingKey }) => orderingKey === undefined);
  const keys = new Map<string, ClaimedEvent[]>();
  for (const event of claimed) {
    const { orderingKey: key } = event;
    if (key !== undefined) keys.set(key, [...(keys.get(key) ?? []), event]);
  }
  const waiting = [...chunks(unordered, entriesPerRequest), ...keys.values()].values();
  const published: Published[] = [];
  const iterations = Array.from({ length: REQUESTS_AT_ONCE }, async () => {
    for (const chunk of waiting) published.push(...(await publish(chunk)));
  });
  await Promise.all(iterations);
  return published;
}

/** Claims, publishes and marks until it is stopped, as the state machine does in a run. */
async function run(
  pool: pg.Pool,
  bus: EventBridgeClient,
  { limits, entriesPerRequest }: Mode,
  isStopped: () => boolean,
): Promise<void> {
  const database = createPgDataApi(pool);
  const services = {
    database,
    publisher: createPublisher(bus),
    envelope: { eventBusName: EVENT_BUS_NAME, source: 'bench.outbox' },
    now: Date.now,
  };
  const publish: Publish = async (events) => (await publishEvents(events, services)).published;
  while (!isStopped()) {
    const { events } = await claim(database, { leaseToken: randomUUID(), runId: 'bench' }, limits);
    if (events.length === 0) await pause(IDLE_POLL_MS);
    else await markProcessed(database, await publishAll(events, entriesPerRequest, publish));
  }
}

function ours(name: string, settings: string, mode: Mode): Contender {
  return {
    name,
    settings: `SQL and SDK only, ${settings}; ${REQUESTS_AT_ONCE} requests at once, idle poll of ${IDLE_POLL_MS} ms`,
    prepare: migrateDatabase,
    openProducer: async (databaseUrl) =>
      openSqlProducer(databaseUrl, mode.inOrder ? INSERT_IN_ORDER : INSERT),
    async startWorker(databaseUrl, bus) {
      const pool = new pg.Pool({ connectionString: databaseUrl });
      let stopped = false;
      const running = Promise.all(
        Array.from({ length: mode.lanes }, () => run(pool, bus, mode, () => stopped)),
      );
      return async () => {
        stopped = true;
        await running;
        await pool.end();
      };
    },
  };
}

export const oursDefaults = ours('ours, defaults', 'claims of 200, 1 lane', {
  limits,
  entriesPerRequest: 1,
  lanes: 1,
});

export const oursInLanes = ours('ours, 4 lanes', 'claims of 200', { limits, entriesPerRequest: 1, lanes: 4 });

export const oursPacked = ours('ours, 4 lanes, 10 events a request', 'claims of 200', {
  limits,
  entriesPerRequest: 10,
  lanes: 4,
});

export const oursInOrder = ours('ours, in order per key', 'claims of 200, 1 lane', {
  limits,
  inOrder: true,
  entriesPerRequest: 1,
  lanes: 1,
});

export const oursInOrderInLanes = ours('ours, in order per key, 4 lanes', 'claims of 200', {
  limits,
  inOrder: true,
  entriesPerRequest: 1,
  lanes: 4,
});
