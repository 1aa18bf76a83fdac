import type pg from 'pg';

// Checked once instead of in every row; a payload is 300 bytes as text.
const PAYLOAD = `(select cast(jsonb_build_object('name', 'Laksa', 'text', repeat('x', 271)) as outbox_payload) as payload
  offset 0) as fixed`;
const AT_ONCE = 50_000;

/** Writes due events as producers do: with all indexes, over both connections of the pool. */
export async function addPending(pool: pg.Pool, count: number): Promise<void> {
  await inChunks(count, (rows) =>
    pool.query(
      `insert into outbox_events (aggregate_type, aggregate_id, event_type, payload)
       select 'dish', cast(n as text), 'dish.created', payload from generate_series(1, $1::integer) as n, ${PAYLOAD}`,
      [rows],
    ),
  );
}

/**
 * Fills an empty table with events that were processed `ageDays` ago. Millions of them, so that the indexes are
 * built afterwards, and the sizes of the detail are those of one text instead of every row's own.
 */
export async function addProcessed(pool: pg.Pool, count: number, ageDays: number): Promise<void> {
  const rebuild = [...(await dropIndexes(pool)), ...(await fixDetail(pool))];
  await inChunks(count, (rows) =>
    pool.query(
      `insert into outbox_events (aggregate_type, aggregate_id, event_type, payload, status, due_at, processed_at,
         attempts, lease_token, event_bridge_id)
       select 'dish', cast(n as text), 'dish.created', payload, 'PROCESSED', null, now() - make_interval(days => $2),
         1, gen_random_uuid(), cast(gen_random_uuid() as text) from generate_series(1, $1::integer) as n, ${PAYLOAD}`,
      [rows, ageDays],
    ),
  );
  await each(rebuild, (statement) => pool.query(statement));
  await pool.query('vacuum (analyze, parallel 0) outbox_events');
}

/** Answers with the statements that create them again. */
async function dropIndexes(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ drop: string; create: string }>(
    `select coalesce('alter table outbox_events drop constraint ' || c.conname, 'drop index ' || i.indexrelid::regclass) as drop,
       coalesce('alter table outbox_events add ' || pg_get_constraintdef(c.oid), pg_get_indexdef(i.indexrelid)) as create
     from pg_index i left join pg_constraint c on c.conindid = i.indexrelid
     where i.indrelid = 'outbox_events'::regclass`,
  );
  for (const { drop } of rows) await pool.query(drop);
  return rows.map(({ create }) => create);
}

/** Answers with the statement that brings the function back which the generated columns call. */
async function fixDetail(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ definition: string }>(
    `select pg_get_functiondef('outbox_detail'::regproc) as definition`,
  );
  await pool.query(
    `create or replace function outbox_detail(id uuid, aggregate_id text, payload jsonb) returns text
     language sql immutable parallel safe as $$ select repeat('x', 376) $$`,
  );
  return rows.map(({ definition }) => definition);
}

const inChunks = (count: number, insert: (rows: number) => Promise<unknown>) =>
  each(
    Array.from({ length: Math.ceil(count / AT_ONCE) }, (_, index) =>
      Math.min(AT_ONCE, count - index * AT_ONCE),
    ),
    insert,
  );

/** Two at once: as many as there are cores on a small machine. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = items.values();
  const workers = [0, 1].map(async () => {
    for (const item of waiting) await work(item);
  });
  await Promise.all(workers);
}
