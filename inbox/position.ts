import type { InboxDatabase } from './database.ts';
import { isSequence } from './event.ts';

// Locks the position until the transaction ends, so that deliveries of one key take turns. Never moves back.
const RAISE = `insert into outbox_inbox_positions as kept (consumer, source, ordering_key, sequence)
  values ($1, $2, $3, cast(cast($4 as text) as bigint))
  on conflict (consumer, source, ordering_key)
    do update set sequence = greatest(kept.sequence, excluded.sequence)
  returning cast(sequence as text) as sequence`;

/** A key as one consumer sees it. Two outboxes may use the same key, so their source belongs to it. */
export interface ConsumedKey {
  readonly consumer: string;
  readonly source: string;
  readonly orderingKey: string;
}

/** Locks the position of the key, raises it to at least `sequence`, and returns it. */
export async function raisePosition(
  transaction: InboxDatabase,
  { consumer, source, orderingKey }: ConsumedKey,
  sequence: number,
): Promise<number> {
  const [row] = await transaction.query(RAISE, [consumer, source, orderingKey, String(sequence)]);
  const position = Number(row?.['sequence']);
  if (!isSequence(position))
    throw new TypeError(`expected the position of the key, got ${JSON.stringify(row)}: check the adapter`);
  return position;
}

export function checkSequence(name: string, value: number): void {
  if (!isSequence(value))
    throw new RangeError(`${name} is ${String(value)}: give the sequence of an event, an integer from 0`);
}
