import type pg from 'pg';

/** The size of the table at one moment. */
export interface Footprint {
  readonly heapBytes: number;
  readonly indexBytes: number;
  readonly deadTuples: number;
  readonly updates: number;
  readonly hotUpdates: number;
  readonly vacuums: number;
  /** Position in the write-ahead log: the difference of two positions is the bytes written. */
  readonly walBytes: number;
}

export async function footprint(pool: pg.Pool): Promise<Footprint> {
  const { rows } = await pool.query<Record<keyof Footprint, string>>(
    `select pg_relation_size(relid) as "heapBytes", pg_indexes_size(relid) as "indexBytes", n_dead_tup as "deadTuples",
       n_tup_upd as updates, n_tup_hot_upd as "hotUpdates", autovacuum_count as vacuums,
       pg_current_wal_insert_lsn() - '0/0' as "walBytes"
     from pg_stat_user_tables where relname = 'outbox_events'`,
  );
  const read = (name: keyof Footprint) => Number(rows[0]?.[name]);
  return {
    heapBytes: read('heapBytes'),
    indexBytes: read('indexBytes'),
    deadTuples: read('deadTuples'),
    updates: read('updates'),
    hotUpdates: read('hotUpdates'),
    vacuums: read('vacuums'),
    walBytes: read('walBytes'),
  };
}
