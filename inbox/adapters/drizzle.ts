import type { InboxDatabase, Row } from '../database.ts';

/** The `tx` of Drizzle's `db.transaction`, for node-postgres, the Data API or postgres.js. */
export interface DrizzleTransaction<Query> {
  execute(query: Query): PromiseLike<unknown>;
}

/** A transaction of Drizzle; `sql` is what drizzle-orm exports under this name. */
export function fromDrizzle<Query>(
  tx: DrizzleTransaction<Query>,
  sql: (strings: TemplateStringsArray, ...values: string[]) => Query,
): InboxDatabase {
  return {
    async query(text, parameters) {
      const parts = text.split(/\$\d+/);
      const answer = await tx.execute(sql(Object.assign(parts, { raw: parts }), ...parameters));
      return rowsOf(answer);
    },
  };
}

/** postgres.js answers with the rows, the others with a result that holds them. */
function rowsOf(answer: unknown): readonly Row[] {
  const rows = Array.isArray(answer) ? answer : (answer as { readonly rows?: unknown }).rows;
  if (!Array.isArray(rows))
    throw new TypeError('the answer of execute() has no rows: pass the tx of a PostgreSQL driver');
  return rows as readonly Row[];
}
