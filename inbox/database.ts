export type Row = Readonly<Record<string, unknown>>;

/**
 * What the inbox needs of a database: one statement with the placeholders `$1`, `$2`, ..., and its rows as objects. All
 * parameters are text. Adapters exist for pg, the RDS Data API, Drizzle and Prisma; another driver needs one line, for
 * example `{ query: (sql, parameters) => manager.query(sql, [...parameters]) }` for TypeORM.
 */
export interface InboxDatabase {
  query(sql: string, parameters: readonly string[]): PromiseLike<readonly Row[]>;
}
