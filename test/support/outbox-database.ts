import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { afterAll, beforeAll, jest } from '@jest/globals';
import pg from 'pg';
import { migrate } from '../../database/migrate.ts';
import { readMigrations } from '../../database/read-migrations.ts';
import { createDataApi, type Database, type TransactionalDataApi } from '../../outbox/data-api.ts';
import { withClient } from '../../twin/postgres/connection.ts';
import { startPostgres } from '../../twin/postgres/postgres.ts';
import { createRdsData } from '../../twin/services/rds-data/rds-data.ts';
import { clientOptions, startLocalAws } from './local-aws.ts';

export const target: Database = {
  resourceArn: 'arn:aws:rds:us-east-1:000000000000:cluster:outbox',
  secretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:processor',
  database: 'outbox',
};

export interface OutboxDatabase {
  /** The product's own adapter over HTTP, as the handlers use it. */
  readonly dataApi: TransactionalDataApi;
  /** The SDK client that the adapter uses. */
  readonly client: RDSDataClient;
  readonly postgresUrl: string;
  /** Runs SQL directly in PostgreSQL, to prepare and to check what the Data API does not offer. */
  sql<T extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<T[]>;
  /** For code that takes a pool. It ends with the database, and outlives a server that stops. */
  readonly pool: pg.Pool;
  /** A separate connection for work that needs several statements. */
  connect(): Promise<pg.PoolClient>;
  /** Stops PostgreSQL but not the endpoint in front of it. */
  stopPostgres(): Promise<void>;
}

/** A database for this test file: PostgreSQL, the Data API in front of it, and the tables unless `empty`. */
export function useOutboxDatabase({ empty = false } = {}): OutboxDatabase {
  const cleanUps: (() => Promise<unknown> | unknown)[] = [];
  let started: OutboxDatabase | undefined;
  jest.setTimeout(60_000); // the machine may be slow; a test that hangs still fails

  beforeAll(async () => {
    started = await start(cleanUps);
    if (!empty) await migrate(started.dataApi, await readMigrations());
  });
  afterAll(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  const running = () => {
    if (started === undefined)
      throw new Error('the database starts in beforeAll: use it in a hook or a test');
    return started;
  };
  return {
    get dataApi() {
      return running().dataApi;
    },
    get client() {
      return running().client;
    },
    get postgresUrl() {
      return running().postgresUrl;
    },
    get pool() {
      return running().pool;
    },
    sql: (text, values) => running().sql(text, values),
    connect: () => running().connect(),
    stopPostgres: () => running().stopPostgres(),
  };
}

async function start(cleanUps: (() => Promise<unknown> | unknown)[]): Promise<OutboxDatabase> {
  const { url: postgresUrl, stop } = await postgres(cleanUps);
  const rdsData = createRdsData({
    clusterArn: target.resourceArn,
    database: target.database,
    databaseUrls: new Map([[target.secretArn, postgresUrl]]),
  });
  cleanUps.push(rdsData.stop);
  const endpoint = await startLocalAws({ rdsData: rdsData.operations });
  cleanUps.push(endpoint.close);
  const client = new RDSDataClient(clientOptions(endpoint.url));
  cleanUps.push(() => client.destroy());
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 8 });
  pool.on('error', () => undefined); // a test may stop the server
  cleanUps.push(() => pool.end());
  return {
    dataApi: createDataApi(client, target),
    client,
    postgresUrl,
    pool,
    sql: async <T extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) =>
      (await pool.query<T>(text, [...values])).rows,
    connect: () => pool.connect(),
    stopPostgres: stop,
  };
}

/** An embedded server, or a new database on the server of DATABASE_URL. */
async function postgres(cleanUps: (() => Promise<unknown> | unknown)[]) {
  const given = process.env['DATABASE_URL'];
  if (given !== undefined) return databaseOn(given, cleanUps);
  const dataDir = await mkdtemp(join(tmpdir(), 'outbox-test-'));
  cleanUps.push(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startPostgres({ dataDir, databaseName: target.database });
  cleanUps.push(server.stop);
  await withClient({ connectionString: server.url }, async (client) => {
    // The data of a test need not survive a crash.
    await client.query('alter system set fsync = off');
    await client.query('select pg_reload_conf()');
  });
  return server;
}

async function databaseOn(serverUrl: string, cleanUps: (() => Promise<unknown> | unknown)[]) {
  const name = `outbox_test_${process.pid}_${Date.now()}`;
  const admin = new pg.Client({ connectionString: serverUrl });
  await admin.connect();
  cleanUps.push(() => admin.end());
  await admin.query(`create database ${name}`);
  const stop = async () => {
    await admin.query(`drop database if exists ${name} with (force)`);
  };
  cleanUps.push(stop);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, stop };
}
