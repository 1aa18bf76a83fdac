import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import pg from 'pg';
import { publish } from '../bus.ts';
import type { Contender } from './contender.ts';
import { openSqlProducer, runSql } from './sql-producer.ts';

// No index except the primary key, as in the guide.
const TABLE = `
  create table "OutboxEvent" (
    "id" text primary key, "aggregateId" text not null, "eventType" text not null, "payload" text not null,
    "status" text not null default 'PENDING',
    "createdAt" timestamp(3) not null default current_timestamp, "processedAt" timestamp(3))`;

const INSERT = `
  insert into "OutboxEvent" ("id", "aggregateId", "eventType", "payload")
  select e->>'id', e->>'aggregateId', e->>'eventType', e->>'payload' from jsonb_array_elements($1::jsonb) e`;

const FIND_PENDING = `
  select "id", "aggregateId", "eventType", "payload", "status", "createdAt", "processedAt"
  from "OutboxEvent" where "status" = 'PENDING' order by "createdAt" asc limit 10`;
const MARK_PROCESSING = `update "OutboxEvent" set "status" = 'PROCESSING' where "id" = any($1)`;
const MARK_PROCESSED = `update "OutboxEvent" set "status" = 'PROCESSED', "processedAt" = $2 where "id" = $1`;
const MARK_FAILED = `update "OutboxEvent" set "status" = 'FAILED' where "id" = $1`;

interface GuideRow {
  readonly id: string;
  readonly aggregateId: string;
  readonly eventType: string;
  readonly payload: string;
}

/** The work of one invocation of the guide's Lambda function. */
async function invoke(pool: pg.Pool, bus: EventBridgeClient): Promise<void> {
  const { rows } = await pool.query<GuideRow>(FIND_PENDING);
  if (rows.length === 0) return;
  await pool.query(MARK_PROCESSING, [rows.map(({ id }) => id)]);
  await Promise.allSettled(
    rows.map(async (row) => {
      try {
        await publish(bus, [{ ...row, payload: JSON.parse(row.payload) as object }]);
        await pool.query(MARK_PROCESSED, [row.id, new Date()]);
      } catch {
        await pool.query(MARK_FAILED, [row.id]);
      }
    }),
  );
}

/** The guide's algorithm without its schedule, and without Prisma, which would only slow it down. */
export const guide: Contender = {
  name: "the guide's loop",
  settings: 'batches of 10, an update for every event, invoked again without a pause; pg instead of Prisma',
  prepare: (databaseUrl) => runSql(databaseUrl, [TABLE]),
  openProducer: async (databaseUrl) => openSqlProducer(databaseUrl, INSERT),
  async startWorker(databaseUrl, bus) {
    const pool = new pg.Pool({ connectionString: databaseUrl });
    let stopped = false;
    const loop = (async () => {
      // When an invocation fails, for example in a deadlock with another worker, the next one follows.
      while (!stopped) await invoke(pool, bus).catch(() => undefined);
    })();
    return async () => {
      stopped = true;
      await loop;
      await pool.end();
    };
  },
};

const EVENTS_PER_INVOCATION = 10;
const SECONDS_BETWEEN_INVOCATIONS = 60;

/** The guide as deployed, with a batch of 10 every minute: its rate needs no measurement. */
export const guideAsDeployed = {
  name: 'the guide as deployed',
  settings: 'batches of 10, one a minute: computed from its schedule',
  eventsPerSecond: EVENTS_PER_INVOCATION / SECONDS_BETWEEN_INVOCATIONS,
};
