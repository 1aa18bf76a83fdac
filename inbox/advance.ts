import type { InboxDatabase } from './database.ts';
import { checkSequence, raisePosition } from './position.ts';

export interface Advance {
  /** The `source` of the outbox's events. */
  readonly source: string;
  readonly orderingKey: string;
  /** Events of the key up to this sequence count as processed. */
  readonly to: number;
  /** @default default */
  readonly consumer?: string;
}

/**
 * Moves the position of a key forward: the way out of a gap that never closes, and the starting point of a key that is
 * covered by a snapshot. Never moves back. Returns the position.
 */
export async function advance(
  database: InboxDatabase,
  { source, orderingKey, to, consumer = 'default' }: Advance,
): Promise<number> {
  checkSequence('to', to);
  return raisePosition(database, { consumer, source, orderingKey }, to);
}
