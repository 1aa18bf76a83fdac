import type { Pool } from 'pg';
import type { BusLog } from '../twin/services/event-bridge/bus-log.ts';

/** The result for all events that this session was responsible for. */
export interface Account {
  /** Rows marked PROCESSED in this session. */
  readonly processed: number;
  /** The number of these that the bus accepted. */
  readonly accepted: number;
  /** Events that the bus accepted more than once. */
  readonly duplicates: number;
  readonly unfinished: number;
  readonly failed: number;
  /** Whether no event is missing; this decides the exit code. */
  readonly complete: boolean;
}

/** Compares the table with the bus. `since` is the database's time at the start of the session. */
export async function takeAccount(
  pool: Pool,
  bus: BusLog,
  acceptedBefore: number,
  since: string,
): Promise<Account> {
  if (bus.dropped > acceptedBefore)
    throw new Error(
      `the bus log has dropped its first ${bus.dropped} events, of which some are this session's`,
    );
  const timesAccepted = new Map<string, number>();
  for await (const { Detail } of bus.read(acceptedBefore)) {
    const { eventId } = JSON.parse(Detail) as { eventId: string };
    timesAccepted.set(eventId, (timesAccepted.get(eventId) ?? 0) + 1);
  }
  const { rows: processed } = await pool.query<{ id: string }>(
    `select id from outbox_events where processed_at >= $1::timestamptz`,
    [since],
  );
  const { rows } = await pool.query<{ unfinished: number; failed: number }>(
    `select count(*) filter (where due_at is not null)::int as unfinished,
       count(*) filter (where failed_at >= $1::timestamptz)::int as failed
     from outbox_events`,
    [since],
  );
  const { unfinished = 0, failed = 0 } = rows[0] ?? {};
  const accepted = processed.filter(({ id }) => timesAccepted.has(id)).length;
  return {
    processed: processed.length,
    accepted,
    duplicates: [...timesAccepted.values()].filter((times) => times > 1).length,
    unfinished,
    failed,
    complete: unfinished === 0 && failed === 0 && accepted === processed.length,
  };
}
