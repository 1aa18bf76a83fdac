import pg from 'pg';
import type { Producer } from './contender.ts';

/** Connections of a producer, more than its concurrent inserts at the planned rates. */
const CONNECTIONS = 10;

/** A producer whose insert is one statement that takes all events as one JSON parameter. */
export function openSqlProducer(databaseUrl: string, insert: string): Producer {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS });
  return {
    async insert(events) {
      await pool.query({ name: 'insert', text: insert, values: [JSON.stringify(events)] });
    },
    close: () => pool.end(),
  };
}

/** Runs statements over one connection and closes it. */
export async function runSql(databaseUrl: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
