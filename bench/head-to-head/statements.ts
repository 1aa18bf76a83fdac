import pg from 'pg';

/** Counts the statements that a database has executed. */
export interface StatementCounter {
  /** `statements` when the server has loaded pg_stat_statements, or else `transactions`. */
  readonly unit: 'statements' | 'transactions';
  /** Counted since the database was created. Exact only after the sessions that used it have ended. */
  count(databaseName: string): Promise<number>;
  stop(): Promise<void>;
}

const COUNTS = {
  statements: `
    select coalesce(sum(calls), 0)::float8 as count
    from pg_stat_statements join pg_database on pg_database.oid = dbid where datname = $1`,
  transactions: `
    select (xact_commit + xact_rollback)::float8 as count from pg_stat_database where datname = $1`,
};

/** `url`: another database, so that the queries for the counts are not counted. */
export async function startStatementCounter(url: string): Promise<StatementCounter> {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const { rows } = await pool.query<{ loaded: boolean }>(
    "select current_setting('shared_preload_libraries') like '%pg_stat_statements%' as loaded",
  );
  const unit = rows[0]?.loaded ? 'statements' : 'transactions';
  if (unit === 'statements') await pool.query('create extension if not exists pg_stat_statements');
  return {
    unit,
    async count(databaseName) {
      const result = await pool.query<{ count: number }>(COUNTS[unit], [databaseName]);
      return result.rows[0]?.count ?? 0;
    },
    stop: () => pool.end(),
  };
}
