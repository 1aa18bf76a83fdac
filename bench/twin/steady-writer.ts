import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Nudge } from '../../outbox/nudge.ts';

const INSERT = `
  insert into outbox_events (aggregate_id, event_type, payload)
  values ($1, 'dish.rated', jsonb_build_object('note', repeat('x', 250))) returning id`;

/** Inserts events at a steady rate, one per transaction. Returns the time of each commit by event id. */
export async function writeSteadily(
  pool: Pool,
  {
    perSecond,
    seconds,
    nudge,
  }: { readonly perSecond: number; readonly seconds: number; readonly nudge: Nudge | undefined },
): Promise<ReadonlyMap<string, number>> {
  const committed = new Map<string, number>();
  const startedAt = performance.now();
  const writes: Promise<void>[] = [];
  for (let n = 0; n < perSecond * seconds; n += 1) {
    const wait = startedAt + (n * 1_000) / perSecond - performance.now();
    if (wait > 1) await pause(wait);
    writes.push(
      pool.query<{ id: string }>(INSERT, [String(n % 100)]).then(({ rows: [row] }) => {
        if (row !== undefined) committed.set(row.id, Date.now());
        void nudge?.();
      }),
    );
  }
  await Promise.all(writes);
  return committed;
}
