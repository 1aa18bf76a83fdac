import type { OutboxDatabase } from './outbox-database.ts';

export interface NewEvent {
  /** The text of the JSON, so that numbers which JavaScript would round can be inserted. */
  readonly payload?: string;
  readonly eventType?: string;
  readonly aggregateId?: string;
  readonly traceHeader?: string | null;
}

/** The columns that the tests read. */
export interface StoredEvent {
  readonly id: string;
  readonly status: string;
  readonly attempts: number;
  readonly lease_token: string | null;
  readonly run_id: string | null;
  readonly last_error_type: string | null;
  readonly last_error: string | null;
  readonly event_bridge_id: string | null;
  readonly created_at: Date;
  readonly due_at: Date | null;
  readonly ready_at: Date;
  readonly processed_at: Date | null;
  readonly failed_at: Date | null;
  readonly detail_bytes: number;
  readonly state_bytes: number;
  /** Seconds until the row is due, according to the database's clock. */
  readonly due_in: number | null;
}

/** Inserts an event through the Data API, as a producer does, and returns the row's id. */
export async function insertEvent(database: OutboxDatabase, event: NewEvent = {}): Promise<string> {
  const [id] = await insertEach(database, [event]);
  return id ?? '';
}

/** Inserts many events that are all due at the same moment. */
export async function insertEach(
  { dataApi }: OutboxDatabase,
  events: readonly NewEvent[],
): Promise<string[]> {
  const rows = events.map((event) => ({
    aggregateId: 'order-1',
    eventType: 'order.placed',
    payload: '{}',
    ...event,
  }));
  const inserted = await dataApi.query(
    `insert into outbox_events (aggregate_id, event_type, payload, trace_header)
     select "aggregateId", "eventType", cast(payload as jsonb), "traceHeader"
     from jsonb_to_recordset(cast(:rows as jsonb))
       as e("aggregateId" text, "eventType" text, payload text, "traceHeader" text)
     returning id`,
    { rows: JSON.stringify(rows) },
  );
  return inserted.map(([id]) => String(id));
}

/** Inserts events that became due one second after another, the first one longest ago. */
export async function insertEvents(database: OutboxDatabase, count: number): Promise<string[]> {
  const rows = await database.sql<{ id: string }>(
    `insert into outbox_events (aggregate_id, event_type, payload, due_at)
     select 'order-' || n, 'order.placed', jsonb_build_object('n', n), now() - make_interval(secs => $1 + 1 - n)
     from generate_series(1, $1::integer) as n returning id`,
    [count],
  );
  return rows.map(({ id }) => id);
}

export async function readEvent({ sql }: OutboxDatabase, id: string): Promise<StoredEvent> {
  const [event] = await sql<StoredEvent>(
    `select *, cast(extract(epoch from due_at - now()) as double precision) as due_in
     from outbox_events where id = $1`,
    [id],
  );
  if (event === undefined) throw new Error(`there is no event ${id}`);
  return event;
}

/** Makes these events due now, or all unfinished events. */
export async function makeDue({ sql }: OutboxDatabase, ids?: readonly string[]): Promise<void> {
  await sql(
    `update outbox_events set due_at = now() - interval '1 second'
     where due_at is not null and (id = any ($1) or $1 is null)`,
    [ids ?? null],
  );
}
