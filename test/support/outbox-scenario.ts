import { expect } from '@jest/globals';
import type pg from 'pg';
import type { TwinProcess } from './twin-process.ts';

/** One row at the end of a scenario. */
interface EndedRow {
  readonly id: string;
  readonly status: string;
  readonly attempts: number;
  readonly errorType: string | null;
}

export interface Ending {
  readonly rows: readonly EndedRow[];
  /** How often the bus accepted each event. */
  readonly accepted: ReadonlyMap<string, number>;
  readonly duplicates: readonly string[];
}

const MAX_ATTEMPTS = 8;

/** Empties the outbox, removes the faults and writes events; returns the number of events on the bus. */
export async function beginScenario(twin: TwinProcess, pool: pg.Pool, events: number): Promise<number> {
  await twin.setFaults([]);
  await pool.query('delete from outbox_events');
  await pool.query(
    `insert into outbox_events (aggregate_id, event_type, payload)
     select (n % 7)::text, case when n % 10 = 0 then 'dish.removed' else 'dish.rated' end, jsonb_build_object('n', n)
     from generate_series(1, $1::int) n`,
    [events],
  );
  return (await twin.busEvents()).length;
}

/** Makes time pass in the table: leases expire and backoffs end. */
export async function passTime(pool: pg.Pool): Promise<void> {
  await pool.query('update outbox_events set due_at = now() where due_at is not null');
}

/** Ticks without faults until every event is finished. */
export async function settle(twin: TwinProcess, pool: pg.Pool): Promise<void> {
  await twin.setFaults([]);
  for (let round = 0; round < MAX_ATTEMPTS + 2; round += 1) {
    await passTime(pool);
    await twin.tick();
    const { rows } = await pool.query('select from outbox_events where due_at is not null limit 1');
    if (rows.length === 0) return;
  }
  throw new Error('the outbox does not settle');
}

/** Checks what must hold at the end of every scenario, whatever failed in it. */
export async function expectNothingLost(
  twin: TwinProcess,
  pool: pg.Pool,
  acceptedBefore: number,
  { atMostDuplicates }: { atMostDuplicates: number },
): Promise<Ending> {
  const { rows } = await pool.query<EndedRow>(
    `select id, status, attempts, last_error_type as "errorType" from outbox_events`,
  );
  const accepted = new Map<string, number>();
  for (const { Detail } of (await twin.busEvents()).slice(acceptedBefore)) {
    const { eventId } = JSON.parse(Detail) as { eventId: string };
    accepted.set(eventId, (accepted.get(eventId) ?? 0) + 1);
  }
  const unsettled = rows.filter(({ status }) => status !== 'PROCESSED' && status !== 'FAILED');
  expect(unsettled).toEqual([]);
  const claimedButNotSent = rows.filter(({ id, status }) => status === 'PROCESSED' && !accepted.has(id));
  expect(claimedButNotSent).toEqual([]);
  const tooManyAttempts = rows.filter(({ attempts }) => attempts > MAX_ATTEMPTS);
  expect(tooManyAttempts).toEqual([]);
  const duplicates = [...accepted].filter(([, times]) => times > 1).map(([id]) => id);
  const extra = [...accepted.values()].reduce((sum, times) => sum + times - 1, 0);
  expect(extra).toBeLessThanOrEqual(atMostDuplicates);
  return { rows, accepted, duplicates };
}
