import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { afterAll, beforeAll } from '@jest/globals';
import pg from 'pg';
import { createDataApi, type Database, type TransactionalDataApi } from '../../outbox/data-api.ts';
import { withClient } from '../../twin/postgres/connection.ts';
import { createRdsData } from '../../twin/services/rds-data/rds-data.ts';
import { clientOptions, startLocalAws } from './local-aws.ts';
import { shared } from './shared.ts';
import { type CleanUps, type PostgresServer, type SharedPostgres, startServer } from './template-database.ts';

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
  /** Stops PostgreSQL but not the endpoint in front of it. Only for a file with its `ownServer`. */
  stopPostgres(): Promise<void>;
}

/**
 * A database for this test file with the Data API in front of it, and with the tables unless `empty`. It is on a server
 * that other files use at the same time, unless this file needs its `ownServer`.
 */
export function useOutboxDatabase({ empty = false, ownServer = false } = {}): OutboxDatabase {
  const cleanUps: CleanUps = [];
  let started: OutboxDatabase | undefined;

  beforeAll(async () => {
    started = await connect(
      await (ownServer ? startServer(cleanUps) : createDatabase(empty, cleanUps)),
      cleanUps,
    );
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

async function connect(
  { url: postgresUrl, stop }: PostgresServer,
  cleanUps: CleanUps,
): Promise<OutboxDatabase> {
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

/** A copy of the database that the test files share, or an empty one beside it. */
async function createDatabase(empty: boolean, cleanUps: CleanUps): Promise<PostgresServer> {
  const { serverUrl, template } = JSON.parse(await shared('postgres')) as SharedPostgres;
  const name = `outbox_test_${process.pid}_${Date.now()}`;
  const onServer = (sql: string) =>
    withClient({ connectionString: serverUrl }, (client) => client.query(sql));
  await onServer(`create database ${name} template ${empty ? 'template0' : template}`);
  cleanUps.push(() => onServer(`drop database ${name} with (force)`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    stop: async () => {
      throw new Error('other test files use this server: ask for an ownServer');
    },
  };
}
