import { setTimeout as pause } from 'node:timers/promises';
import type { OutboxDatabase } from './outbox-database.ts';

/** Waits until this many sessions wait for a lock, so that the test is sure of their overlap. */
export async function waitUntilBlocked({ sql }: OutboxDatabase, sessions: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const waiting = await sql(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (waiting.length >= sessions) return;
    await pause(5);
  }
  throw new Error(`no ${sessions} sessions were waiting for a lock within 10 s`);
}
