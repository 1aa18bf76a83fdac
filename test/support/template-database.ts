import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { migrate } from '../../database/migrate.ts';
import { readMigrations } from '../../database/read-migrations.ts';
import { createDataApi } from '../../outbox/data-api.ts';
import { withClient } from '../../twin/postgres/connection.ts';
import { startPostgres } from '../../twin/postgres/postgres.ts';
import { createRdsData } from '../../twin/services/rds-data/rds-data.ts';
import { clientOptions, startLocalAws } from './local-aws.ts';

export type CleanUps = (() => Promise<unknown> | unknown)[];

export interface PostgresServer {
  readonly url: string;
  stop(): Promise<void>;
}

export interface SharedPostgres {
  readonly serverUrl: string;
  /** The name of a database with the newest schema, which others are copied from. */
  readonly template: string;
}

/** An embedded server for tests. */
export async function startServer(cleanUps: CleanUps): Promise<PostgresServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'outbox-test-'));
  cleanUps.push(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startPostgres({
    dataDir,
    databaseName: 'outbox',
    // The data of tests need not survive a crash.
    settings: ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200'],
  });
  cleanUps.push(server.stop);
  return server;
}

/** A database with the newest schema on the server of `givenUrl`, else on an embedded one. */
export async function createTemplateDatabase(
  givenUrl: string | undefined,
  cleanUps: CleanUps,
): Promise<SharedPostgres> {
  const serverUrl = givenUrl ?? (await startServer(cleanUps)).url;
  const onServer = (sql: string) =>
    withClient({ connectionString: serverUrl }, (client) => client.query(sql));
  const template = `outbox_template_${process.pid}`;
  await onServer(`create database ${template}`);
  cleanUps.push(() => onServer(`drop database ${template} with (force)`));
  const url = new URL(serverUrl);
  url.pathname = `/${template}`;
  await migrateThroughDataApi(url.href, template);
  return { serverUrl, template };
}

async function migrateThroughDataApi(url: string, database: string): Promise<void> {
  const target = { resourceArn: 'arn:aws:rds:us-east-1:000000000000:cluster:outbox', secretArn: 'any' };
  const rdsData = createRdsData({
    clusterArn: target.resourceArn,
    database,
    databaseUrls: new Map([[target.secretArn, url]]),
  });
  const endpoint = await startLocalAws({ rdsData: rdsData.operations });
  const client = new RDSDataClient(clientOptions(endpoint.url));
  try {
    await migrate(createDataApi(client, { ...target, database }), await readMigrations());
  } finally {
    client.destroy();
    await endpoint.close();
    await rdsData.stop();
  }
}
