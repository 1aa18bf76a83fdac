import { setTimeout as pause } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';

/** What the outbox publishes as `detail`, beside the fields of the event's own payload. */
export interface Detail {
  readonly eventId: string;
  readonly aggregateId: string;
}

/** Its statements on `client` are committed together with the note that the event was handled, or not at all. */
export type Handle = (detail: Detail, detailType: string, client: PoolClient) => Promise<void>;

const TABLES = `
  create schema if not exists consumer;
  create table if not exists consumer.consumed_events (event_id uuid primary key);
  create table if not exists consumer.bus_position (only_row boolean primary key default true check (only_row), seen bigint not null);
  insert into consumer.bus_position (seen) values (0) on conflict do nothing`;

/** Follows the bus of the local twin and handles each event once, also after a crash or a second delivery. */
export async function consume(
  pool: Pool,
  twinUrl: string,
  handle: Handle,
  stopping: AbortSignal,
): Promise<void> {
  await pool.query(TABLES);
  while (!stopping.aborted) {
    const { rows } = await pool.query<{ seen: string }>('select seen from consumer.bus_position');
    const answer = await fetch(`${twinUrl}/_local/bus/events?after=${rows[0]?.seen}`);
    if (!answer.ok) throw new Error(`the twin answers ${answer.status}: ${await answer.text()}`);
    // More than was asked for when the bounded log has dropped its oldest events.
    let seen = Number(answer.headers.get('X-Events-Before'));
    for (const { Detail, DetailType } of (await answer.json()) as { Detail: string; DetailType: string }[]) {
      seen += 1;
      await handleOnce(pool, JSON.parse(Detail) as Detail, DetailType, seen, handle);
    }
    await pause(500, undefined, { signal: stopping }).catch(() => undefined); // aborted: the loop ends
  }
}

async function handleOnce(
  pool: Pool,
  detail: Detail,
  detailType: string,
  seen: number,
  handle: Handle,
): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const { rowCount } = await client.query(
      'insert into consumer.consumed_events (event_id) values ($1) on conflict do nothing',
      [detail.eventId],
    );
    if (rowCount === 1) await handle(detail, detailType, client);
    await client.query('update consumer.bus_position set seen = $1', [seen]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}
