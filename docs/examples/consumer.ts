import { setTimeout as pause } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
// In a project of yours: from 'outbox-processor/inbox'.
import {
  advance,
  createInbox,
  fromPg,
  type InboxEvent,
  NotAnOutboxEvent,
  OutOfOrder,
  processInOrder,
} from '../../inbox/index.ts';

/** Its statements on `client` are committed together with the note that the event was processed, or not at all. */
export type Handle = (event: InboxEvent, client: PoolClient) => Promise<void>;

const BUS_POSITION = `
  create table if not exists bus_position (only_row boolean primary key default true check (only_row), seen bigint not null);
  insert into bus_position (seen) values (0) on conflict do nothing`;

/**
 * Follows the bus of the local twin and processes each event once, those of a key in order, also after a crash or a
 * second delivery.
 */
export async function consume(
  pool: Pool,
  twinUrl: string,
  handle: Handle,
  stopping: AbortSignal,
): Promise<void> {
  await createInbox(fromPg(pool));
  await pool.query(BUS_POSITION);
  while (!stopping.aborted) {
    const { rows } = await pool.query<{ seen: string }>('select seen from bus_position');
    const answer = await fetch(`${twinUrl}/_local/bus/events?after=${rows[0]?.seen}`);
    if (!answer.ok) throw new Error(`the twin answers ${answer.status}: ${await answer.text()}`);
    // More than was asked for when the bounded log has dropped its oldest events.
    let seen = Number(answer.headers.get('X-Events-Before'));
    for (const entry of (await answer.json()) as { Source: string; DetailType: string; Detail: string }[]) {
      seen += 1;
      // What a rule would deliver.
      const event = {
        source: entry.Source,
        'detail-type': entry.DetailType,
        detail: JSON.parse(entry.Detail),
      };
      await process(pool, event, seen, handle);
    }
    await pause(500, undefined, { signal: stopping }).catch(() => undefined); // aborted: the loop ends
  }
}

async function process(pool: Pool, event: object, seen: number, handle: Handle): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const inOrder = () => processInOrder(fromPg(client), event, (read) => handle(read, client));
    await inOrder().catch(async (error: unknown) => {
      if (error instanceof NotAnOutboxEvent) {
        console.warn(error.message); // somebody else's event on the bus: pass it by
      } else if (error instanceof OutOfOrder) {
        // The log keeps the order, so it has dropped what came before: begin here. A queue would bring it later.
        const { source, orderingKey, previousSequence } = error;
        await advance(fromPg(client), { source, orderingKey, to: previousSequence });
        await inOrder();
      } else throw error;
    });
    await client.query('update bus_position set seen = $1', [seen]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}
