import { join } from 'node:path';
import { makeFolder, servicesFolder, unusable } from './data-dir.ts';
import { connectPostgres, type Postgres, placeOf, prepareDataDir, startPostgres } from './postgres.ts';

export interface DatabaseOptions {
  readonly dataDir: string;
  /** Whether the user chose this folder: then it is used or refused, never replaced. */
  readonly dataDirGiven: boolean;
  /** A PostgreSQL that is running already, used instead of our own. */
  readonly databaseUrl: string | undefined;
  readonly report: (step: string) => void;
  readonly stopping?: AbortSignal | undefined;
}

/** Refuses at once what cannot be used. Answers with the way to start, for which the database's name must be known. */
export async function prepareDatabase(
  options: DatabaseOptions,
): Promise<(databaseName: string) => Promise<Postgres>> {
  const { dataDir, databaseUrl, report, stopping } = options;
  if (databaseUrl !== undefined) {
    placeOf(databaseUrl);
    return () => {
      report('connecting to DATABASE_URL');
      return connectPostgres(databaseUrl);
    };
  }
  const whenUnreachable = options.dataDirGiven ? 'refuse' : 'move outside';
  await prepareDataDir({ dataDir, whenUnreachable }, () => undefined); // the start reports the same
  return (databaseName) => {
    report('starting PostgreSQL');
    return startPostgres({ dataDir, databaseName, whenUnreachable, report, stopping });
  };
}

/** The folder in which the services keep what they write. */
export async function makeServicesFolder(dataDir: string): Promise<string> {
  const folder = join(dataDir, servicesFolder);
  await makeFolder(folder).catch((error: unknown) => {
    throw unusable(dataDir, error);
  });
  return folder;
}
