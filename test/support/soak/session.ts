import pg from 'pg';
import type { DataApi } from '../../../outbox/data-api.ts';
import { createPgDataApi } from '../pg-data-api.ts';
import type { Turns } from './turns.ts';

/** The database session of one actor: every statement is a turn. */
export class Session {
  readonly #turns: Turns;
  readonly #actor: string;
  #client: pg.Client;
  #pid: number;

  private constructor(turns: Turns, actor: string, client: pg.Client, pid: number) {
    this.#turns = turns;
    this.#actor = actor;
    this.#client = client;
    this.#pid = pid;
  }

  static async open(turns: Turns, actor: string, url: string): Promise<Session> {
    const { client, pid } = await connect(url);
    return new Session(turns, actor, client, pid);
  }

  sql<T extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<T[]> {
    return this.turn(async () => (await this.#client.query<T>(text, [...values])).rows);
  }

  /** Several statements, or a statement and what it means, in one turn. */
  turn<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    return this.#turns.take(this.#actor, () => work(this.#client), this.#pid);
  }

  /** The product's statements in this session. */
  get dataApi(): DataApi {
    return { query: (...call) => this.turn((client) => createPgDataApi(client).query(...call)) };
  }

  /** The server ends the session, as when its host crashes; a new one takes its place. */
  async crash(watcher: pg.ClientBase, url: string): Promise<void> {
    await this.turn(async (client) => {
      client.on('error', () => undefined);
      const isGone = new Promise((resolve) => client.once('end', resolve));
      await watcher.query('select pg_terminate_backend($1, 10000)', [this.#pid]);
      await isGone;
      const next = await connect(url);
      this.#client = next.client;
      this.#pid = next.pid;
    });
  }

  end(): Promise<void> {
    return this.#client.end();
  }
}

async function connect(url: string): Promise<{ readonly client: pg.Client; readonly pid: number }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`set deadlock_timeout = '20ms'; select setseed(0.5)`);
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return { client, pid: rows[0]?.pid ?? 0 };
}
