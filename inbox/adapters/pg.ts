import type { InboxDatabase, Row } from '../database.ts';

/** A client of pg, on which `begin` was run; for `purgeInbox` and `createInbox` also a pool. */
export interface PgClient {
  query(text: string, values: string[]): Promise<{ readonly rows: readonly Row[] }>;
}

/** The transaction of a pg client. */
export function fromPg(client: PgClient): InboxDatabase {
  return { query: async (sql, parameters) => (await client.query(sql, [...parameters])).rows };
}
