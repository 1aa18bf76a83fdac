import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { majorVersion } from './binaries.ts';
import { type DataDir, servicesFolder } from './data-dir.ts';
import { spawnGuarded } from './guarded.ts';
import { ifThere } from './if-there.ts';
import { lockFile } from './lock.ts';

export const logFile = 'twin.log';
/** Fixed and public: the server listens on the loopback interface only. */
export const superuser = { name: 'postgres', password: 'postgres' } as const;

const draftPrefix = '.initdb-';
const isOurs = (entry: string) =>
  entry.startsWith(lockFile) || entry.startsWith(draftPrefix) || [logFile, servicesFolder].includes(entry);

/** Whether the folder holds a cluster; an error when it holds what must not be touched. */
export async function holdsCluster({ path, cluster }: DataDir): Promise<boolean> {
  const version = await ifThere(readFile(join(cluster, 'PG_VERSION'), 'utf8'));
  if (version?.trim() === majorVersion) return true;
  if (version !== undefined) {
    throw new Error(
      `data directory "${path}" is of PostgreSQL ${version.trim() || '(no version)'}, this is PostgreSQL ${majorVersion}: choose another --data-dir`,
    );
  }
  const stranger = (await ifThere(readdir(path)))?.find((entry) => !isOurs(entry));
  if (stranger === undefined) return false;
  throw new Error(
    `"${path}" is no PostgreSQL data directory and not empty (it holds "${stranger}"): choose another --data-dir`,
  );
}

/**
 * Makes the cluster of a folder that holds none. Whenever initdb is interrupted, its draft is left and the next start
 * begins anew. The draft is inside the folder, which may be a mount point or below a parent that is not writable.
 */
export async function createCluster({ path, cluster, user }: DataDir, initdb: string): Promise<void> {
  for (const entry of await readdir(path)) {
    if (!entry.startsWith(draftPrefix)) continue;
    // Retried, because an initdb that is being stopped may still write into it.
    await rm(join(path, entry), { recursive: true, force: true, maxRetries: 10 });
  }
  const draft = join(path, `${draftPrefix}${process.pid}`);
  const passwordFile = join(path, `${draftPrefix}password`);
  await writeFile(passwordFile, superuser.password);
  const run = spawnGuarded({
    command: initdb,
    // The built-in locale gives the same order and case rules on every system. initdb syncs to disk (0.4 s):
    // rows committed in the first seconds are only as durable as the catalog that describes them.
    args: [
      ...['-D', draft, '-U', superuser.name, '--pwfile', passwordFile, '--auth=scram-sha-256'],
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      '--no-instructions',
    ],
    user,
    cwd: path,
    logFile: join(path, logFile),
  });
  const code = await run.exited;
  if (code !== 0) {
    throw new Error(`initdb failed in "${path}" (exit code ${code}); it said:\n${await run.lastLogLines()}`);
  }
  await rename(draft, cluster);
  await rm(passwordFile);
}
