import { randomUUID } from 'node:crypto';
import type { Clients } from '../cli/clients.ts';
import type { DataApi } from '../outbox/data-api.ts';
import { RowReader } from '../outbox/row-reader.ts';

export const aggregateType = 'outbox-certify';
export const eventType = 'outbox.certify';

const INSERT = `
  insert into outbox_events (id, aggregate_type, aggregate_id, event_type, payload, due_at)
  values (cast(:id as uuid), :aggregateType, :aggregateId, :eventType, cast(:payload as jsonb),
    now() + make_interval(secs => cast(:dueInSeconds as integer)))`;

// Deletes by id, and only rows of this program, so that no event of an application is ever deleted.
const DELETE = `
  delete from outbox_events
  where id in (select cast(value as uuid) from jsonb_array_elements_text(cast(:ids as jsonb)))
    and aggregate_type = :aggregateType
  returning cast(id as text)`;

const FIND = `
  select cast(coalesce(jsonb_agg(id), '[]') as text) from outbox_events
  where id in (select cast(value as uuid) from jsonb_array_elements_text(cast(:ids as jsonb)))`;

export interface NewRow {
  /** Delays the event by an hour, unless it is to be published now. */
  readonly dueInSeconds?: number;
  readonly eventType?: string;
  readonly payload?: string;
  /** Given by a caller that must know the id before the insert. */
  readonly id?: string;
}

/** Events of this program in the outbox table. */
export interface OwnRows {
  readonly aggregateId: string;
  /** Writes an event as a producer does, in a transaction or on its own. Returns its id. */
  insert(row?: NewRow, transaction?: DataApi): Promise<string>;
  remove(id: string): Promise<void>;
  /** Deletes the remaining rows. @throws with the ids of rows that could not be deleted */
  removeAll(): Promise<void>;
}

export function createOwnRows(database: Clients['database'], signal: AbortSignal): OwnRows {
  const aggregateId = `certify-${randomUUID()}`;
  const ids = new Set<string>();
  const inserts = new Set<Promise<unknown>>();
  const asList = () => JSON.stringify([...ids]);
  return {
    aggregateId,
    async insert(
      { dueInSeconds = 3600, payload = '{}', id = randomUUID(), ...given } = {},
      transaction = database('producer'),
    ) {
      signal.throwIfAborted();
      // Recorded before the call, because its answer may be lost.
      ids.add(id);
      const row = { id, aggregateType, aggregateId, eventType, ...given, payload, dueInSeconds };
      const inserted = transaction.query(INSERT, row);
      const settled = inserted.catch(() => undefined).finally(() => inserts.delete(settled));
      inserts.add(settled);
      await inserted;
      return id;
    },
    async remove(id) {
      await database().query(DELETE, { ids: JSON.stringify([id]), aggregateType });
    },
    async removeAll() {
      // Waits for pending inserts, which would otherwise arrive after the deletion.
      await Promise.all(inserts);
      if (ids.size === 0) return;
      await database().query(DELETE, { ids: asList(), aggregateType });
      const left = new RowReader((await database().query(FIND, { ids: asList() }))[0]).text(0);
      if (left !== '[]') throw new Error(`rows of outbox_events could not be deleted: ${left}`);
    },
  };
}
