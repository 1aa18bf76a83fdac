import { Client, type ClientConfig } from 'pg';

/** Opens one connection for the length of `work`. */
export async function withClient<T>(config: ClientConfig, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionTimeoutMillis: 5_000, ...config });
  // A lost connection fails the query that waits for it; as an unhandled event it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    // Not awaited: a peer that is no PostgreSQL, or is dying, never closes the connection.
    client.end().catch(() => undefined);
  }
}
