import { Client, type ClientConfig } from 'pg';

/** Opens one connection for the length of `work`. */
export async function withClient<T>(config: ClientConfig, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionTimeoutMillis: 5_000, ...config });
  // The query that waits fails when the connection is lost. Without a listener the event would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    // Not awaited: a peer that is not PostgreSQL, or is ending, may never close the connection.
    client.end().catch(() => undefined);
  }
}

/** Whether the connection failed rather than the statement: PostgreSQL has ended, is starting, or ended a session. */
export function isConnectionLost(error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error)) return false;
  const { code = '' } = error as NodeJS.ErrnoException;
  return (
    /^(ECONN\w+|EPIPE|ETIMEDOUT|57P0[1-3]|08\w{3}|53300)$/.test(code) ||
    /^Connection terminated|^timeout exceeded when trying to connect|^Client has encountered a connection error|is not queryable/.test(
      error.message,
    )
  );
}

/** Why the database does not answer now; undefined when it answers. */
export async function connectionProblem(connectionString: string): Promise<string | undefined> {
  const config = { connectionString, connectionTimeoutMillis: 2_000, query_timeout: 2_000 };
  return withClient(config, (client) => client.query('select 1')).then(
    () => undefined,
    ({ message, code }: NodeJS.ErrnoException) => message || code || 'it does not say why',
  );
}
