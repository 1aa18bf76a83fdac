import { fencedBlock, projectText } from './fenced-block.ts';
import type { OutboxDatabase } from './outbox-database.ts';

const page = 'docs/moving-over.md';
export const moveScript = projectText('database/moving-over/0001_copy_from_guide_table.sql');
/** The expression that the page gives to sed so that the script changes nothing. */
export const dryRunEdit = /sed '(.+)' database/.exec(projectText(page))?.[1] ?? '';

/** The guide's table as Prisma creates it, and with other column types. */
export const guideTables = {
  prisma: `
    create type "OutboxStatus" as enum ('PENDING', 'PROCESSING', 'PROCESSED', 'FAILED');
    create table "OutboxEvent" (
      "id" text primary key, "aggregateId" text not null, "eventType" text not null, "payload" text not null,
      "status" "OutboxStatus" not null default 'PENDING',
      "createdAt" timestamp(3) not null default current_timestamp, "processedAt" timestamp(3))`,
  uuid: `
    create table "OutboxEvent" (
      "id" uuid primary key, "aggregateId" varchar(40), "eventType" varchar(200) not null, "payload" jsonb,
      "status" text not null default 'PENDING',
      "createdAt" timestamptz(3) not null default current_timestamp, "processedAt" timestamptz(3))`,
} as const;

export interface GuideEvent {
  readonly id: string;
  readonly aggregateId?: string | null;
  readonly eventType?: string;
  readonly payload?: string | null;
  readonly status?: string;
  readonly createdAt?: string;
  readonly processedAt?: string;
}

export interface Refused {
  readonly id: string;
  readonly status: string;
  readonly reason: string;
}

/** Removes the guide's table and everything that the script created. */
export async function removeGuideTable({ sql }: OutboxDatabase): Promise<void> {
  await sql('drop table if exists "OutboxEvent" cascade');
  await sql('drop type if exists "OutboxStatus"');
  await sql('truncate outbox_events');
}

/** Inserts the given columns, as an old writer does. */
export async function writeAsBefore(sql: OutboxDatabase['sql'], event: GuideEvent): Promise<void> {
  const row = {
    aggregateId: '0192f3a4-0000-7000-8000-00000000000a',
    eventType: 'dish.created',
    payload: '{}',
    ...event,
  };
  const columns = Object.keys(row).map((name) => `"${name}"`);
  await sql(
    `insert into "OutboxEvent" (${columns}) values (${columns.map((_, index) => `$${index + 1}`)})`,
    Object.values(row),
  );
}

/** Runs a script of several statements over one connection and returns the rows that it shows. */
export async function runScript({ connect }: OutboxDatabase, script: string): Promise<Refused[]> {
  const connection = await connect();
  try {
    // A script of several statements has several results, which the types of pg do not describe.
    const results: unknown = await connection.query(script);
    return (Array.isArray(results) ? results : [results]).flatMap(({ rows }) => rows as Refused[]);
  } finally {
    await connection.query('rollback');
    connection.release();
  }
}

export const moveOver = (database: OutboxDatabase): Promise<Refused[]> => runScript(database, moveScript);

export const pageBlock = (title: string): string => fencedBlock(page, title);
