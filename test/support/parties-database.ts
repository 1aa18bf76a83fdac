import { randomBytes } from 'node:crypto';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { afterAll, beforeAll } from '@jest/globals';
import pg from 'pg';
import { migrate } from '../../database/migrate.ts';
import { readMigrations } from '../../database/read-migrations.ts';
import { ensureRole } from '../../database/roles.ts';
import { createDataApi, type Database, type TransactionalDataApi } from '../../outbox/data-api.ts';
import { createRdsData } from '../../twin/services/rds-data/rds-data.ts';
import { clientOptions, startLocalAws } from './local-aws.ts';
import type { OutboxDatabase } from './outbox-database.ts';

const clusterArn = 'arn:aws:rds:us-east-1:000000000000:cluster:outbox';
const parties = ['owner', 'processor', 'producer', 'operator', 'application'] as const;
export type Party = (typeof parties)[number];

/** An outbox in a database whose owner is not a superuser, with a connection for the user of each party. */
export interface PartiesDatabase {
  readonly names: Readonly<Record<Party | 'database', string>>;
  /** The Data API signed in as this party, as the functions use it. */
  dataApi(party: Party): TransactionalDataApi;
  /** The SDK client of the Data API; `target` has the database and this party's secret for it. */
  readonly client: RDSDataClient;
  readonly endpoint: string;
  target(party: Party): Database;
  /** A connection of the same user without the Data API. */
  connect(party: Party): Promise<pg.PoolClient>;
  /** Runs SQL as superuser. */
  sql<T extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<T[]>;
  /** Opens new sessions, which see changed settings. */
  reconnect(): Promise<void>;
}

/** SQL that a superuser runs first, given the names of the parties. */
export type Prepare = (names: PartiesDatabase['names']) => readonly string[];

/** Creates a database on the server of another test database and lets its owner deploy the outbox. */
export function usePartiesDatabase(
  server: OutboxDatabase,
  prepare: Prepare = () => [],
  { install = true } = {},
): PartiesDatabase {
  // Roles belong to the whole server, which other tests may share.
  const suffix = randomBytes(4).toString('hex');
  const names = {
    database: `parties_${suffix}`,
    owner: `owner_${suffix}`,
    processor: `outbox_processor_${suffix}`,
    producer: `outbox_producer_${suffix}`,
    operator: `outbox_operator_${suffix}`,
    application: `my_app_${suffix}`,
  };
  const url = (user?: string) => {
    const changed = new URL(server.postgresUrl);
    changed.pathname = `/${names.database}`;
    if (user !== undefined) [changed.username, changed.password] = [user, user];
    return changed.href;
  };
  const secretArn = (party: Party) => `arn:aws:secretsmanager:us-east-1:000000000000:secret:${party}`;

  let sessions: Awaited<ReturnType<typeof open>> | undefined;
  async function open() {
    const urls = new Map(parties.map((party) => [secretArn(party), url(names[party])]));
    const service = createRdsData({ clusterArn, database: names.database, databaseUrls: urls });
    const endpoint = await startLocalAws({ rdsData: service.operations });
    const client = new RDSDataClient(clientOptions(endpoint.url));
    const pools = new Map(
      [...parties, 'superuser' as const].map((party) => {
        const user = party === 'superuser' ? undefined : names[party];
        const pool = new pg.Pool({ connectionString: url(user), max: 2 });
        pool.on('error', () => undefined); // the database is dropped while it is connected
        return [party, pool];
      }),
    );
    return {
      client,
      endpoint: endpoint.url,
      pool(party: Party | 'superuser'): pg.Pool {
        const pool = pools.get(party);
        if (pool === undefined) throw new Error(`no pool for ${party}`);
        return pool;
      },
      async close() {
        client.destroy();
        await endpoint.close();
        await service.stop();
        for (const pool of pools.values()) await pool.end();
      },
    };
  }
  const opened = () => {
    if (sessions === undefined)
      throw new Error('the database is made in beforeAll: use it in a hook or a test');
    return sessions;
  };
  const database: PartiesDatabase = {
    names,
    dataApi: (party) => createDataApi(opened().client, database.target(party)),
    get client() {
      return opened().client;
    },
    get endpoint() {
      return opened().endpoint;
    },
    target: (party) => ({
      resourceArn: clusterArn,
      secretArn: secretArn(party),
      database: names.database,
    }),
    connect: (party) => opened().pool(party).connect(),
    sql: async <T extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) =>
      (
        await opened()
          .pool('superuser')
          .query<T>(text, [...values])
      ).rows,
    async reconnect() {
      await sessions?.close();
      sessions = await open();
    },
  };

  beforeAll(async () => {
    await server.sql(`create role ${names.owner} login password '${names.owner}' createrole`);
    await server.sql(`create role ${names.application} login password '${names.application}'`);
    await server.sql(`create database ${names.database} owner ${names.owner}`);
    sessions = await open();
    for (const statement of prepare(names)) await database.sql(statement);
    await database.reconnect();
    if (install) await deploy(database);
  });
  afterAll(async () => {
    await sessions?.close();
    await server.sql(`drop database if exists ${names.database} with (force)`);
    for (const party of parties.toReversed()) await server.sql(`drop role if exists ${names[party]}`);
  });
  return database;
}

/** Deploys as the migration function does, and as the owner does afterwards. */
export async function deploy({ dataApi, names, connect }: PartiesDatabase): Promise<void> {
  const owner = dataApi('owner');
  await migrate(owner, await readMigrations());
  for (const purpose of ['processor', 'producer', 'operator'] as const)
    await ensureRole(owner, { username: names[purpose], password: names[purpose] }, purpose);
  const connection = await connect('owner');
  await connection.query(`grant ${names.producer} to ${names.application}`);
  connection.release();
}
