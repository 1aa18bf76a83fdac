import type pg from 'pg';

// 300 bytes as text.
const PAYLOAD = `(select jsonb_build_object('name', 'Laksa', 'text', repeat('x', 271)) as payload offset 0) as fixed`;
const DETAIL_BYTES = 376;
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
 * Fills an empty table with events that were processed `ageDays` ago. For millions of events the indexes are built
 * afterwards and the rows are not checked.
 */
export async function addProcessed(pool: pg.Pool, count: number, ageDays: number): Promise<void> {
  const rebuild = [
    ...(await dropIndexes(pool)),
    'alter table outbox_events enable trigger outbox_check_event',
  ];
  await pool.query('alter table outbox_events disable trigger outbox_check_event');
  await inChunks(count, (rows) =>
    pool.query(
      `insert into outbox_events (aggregate_type, aggregate_id, event_type, payload, status, due_at, processed_at,
         attempts, lease_token, event_bridge_id, detail_bytes, state_bytes)
       select 'dish', cast(n as text), 'dish.created', payload, 'PROCESSED', null, now() - make_interval(days => $2),
         1, gen_random_uuid(), cast(gen_random_uuid() as text), ${DETAIL_BYTES}, ${DETAIL_BYTES} from generate_series(1, $1::integer) as n, ${PAYLOAD}`,
      [rows, ageDays],
    ),
  );
  await each(rebuild, (statement) => pool.query(statement));
  await pool.query('vacuum (analyze, parallel 0) outbox_events');
}

/** Returns the statements that create the indexes again. */
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

const inChunks = (count: number, insert: (rows: number) => Promise<unknown>) =>
  each(
    Array.from({ length: Math.ceil(count / AT_ONCE) }, (_, index) =>
      Math.min(AT_ONCE, count - index * AT_ONCE),
    ),
    insert,
  );

/** Two at a time: the number of cores on a small machine. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = items.values();
  const workers = [0, 1].map(async () => {
    for (const item of waiting) await work(item);
  });
  await Promise.all(workers);
}
