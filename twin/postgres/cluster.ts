import { readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { majorVersion } from './binaries.ts';
import type { DataDir } from './data-dir.ts';
import { spawnGuarded } from './guarded.ts';
import { lockFile } from './lock.ts';

export const logFile = 'twin.log';
/** Fixed and public: the server listens on the loopback interface only. */
export const superuser = { name: 'postgres', password: 'postgres' } as const;

/** What initdb has finished, waiting to be moved up into the data directory. */
const finished = '.initdb-finished';
const passwordFile = '.initdb-password';
const isOurs = (entry: string) =>
  entry.startsWith(lockFile) || entry === logFile || entry.startsWith('.initdb-');
const isOfCluster = (entry: string) =>
  /^(PG_VERSION|base|global|pg_\w+(\.conf)?|postgresql(\.auto)?\.conf)$/.test(entry);

/** Whether the folder holds a cluster; an error when it holds what must not be touched. */
export async function holdsCluster(dataDir: string): Promise<boolean> {
  const entries = await entriesOf(dataDir);
  const version = entries.includes('PG_VERSION')
    ? (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim()
    : undefined;
  if (version && version !== majorVersion) {
    throw new Error(
      `data directory "${dataDir}" is of PostgreSQL ${version}, this is PostgreSQL ${majorVersion}: choose another --data-dir`,
    );
  }
  if (entries.includes(finished) && !version) return false;
  if (version && (await entriesOf(join(dataDir, 'global'))).includes('pg_control')) return true;

  const stranger = entries.find((entry) => !isOurs(entry) && !isOfCluster(entry));
  if (stranger) {
    throw new Error(
      `"${dataDir}" is no PostgreSQL data directory and not empty (it holds "${stranger}"): choose another --data-dir`,
    );
  }
  if (await holdsTables(dataDir)) {
    throw new Error(
      `data directory "${dataDir}" is damaged: it has tables but no valid PG_VERSION and global/pg_control; ` +
        'restore it or choose another --data-dir',
    );
  }
  return false;
}

/** An interrupted initdb leaves PG_VERSION and folders behind; only files below base/ can be somebody's data. */
async function holdsTables(dataDir: string): Promise<boolean> {
  const databases = await entriesOf(join(dataDir, 'base'));
  const files = await Promise.all(databases.map((database) => entriesOf(join(dataDir, 'base', database))));
  return files.some(({ length }) => length > 0);
}

/**
 * Fills a folder that holds no cluster. initdb works in a subfolder, and PG_VERSION, which makes a folder a
 * cluster, moves up last: whenever this is interrupted, the next start begins anew or moves the rest. (Renaming
 * a sibling folder would be shorter, but fails on a mount point and below a parent that is not writable.)
 */
export async function createCluster({ path, user }: DataDir, initdb: string): Promise<void> {
  if (!(await entriesOf(path)).includes(finished)) {
    await removeRemains(path);
    const draft = join(path, `.initdb-${process.pid}`);
    await writeFile(join(path, passwordFile), superuser.password);
    const run = spawnGuarded({
      command: initdb,
      // The built-in locale gives the same order and case rules on every system. initdb syncs to disk (0.4 s):
      // rows committed in the first seconds are only as durable as the catalog they stand on.
      args: [
        ...['-D', draft, '-U', superuser.name, '--pwfile', join(path, passwordFile), '--auth=scram-sha-256'],
        ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
        '--no-instructions',
      ],
      user,
      cwd: path,
      logFile: join(path, logFile),
    });
    const code = await run.exited;
    if (code !== 0) {
      throw new Error(
        `initdb failed in "${path}" (exit code ${code}); it said:\n${await run.lastLogLines()}`,
      );
    }
    await rename(draft, join(path, finished));
  }
  await moveUp(path);
}

async function moveUp(dataDir: string): Promise<void> {
  const from = join(dataDir, finished);
  const entries = await entriesOf(from);
  const inOrder = [...entries.filter((entry) => entry !== 'PG_VERSION'), 'PG_VERSION'];
  for (const entry of inOrder) await rename(join(from, entry), join(dataDir, entry));
  await rmdir(from);
  await rm(join(dataDir, passwordFile), { force: true });
}

async function removeRemains(dataDir: string): Promise<void> {
  const remains = (await entriesOf(dataDir)).filter(
    (entry) => entry.startsWith('.initdb-') || isOfCluster(entry),
  );
  // Retried, because an initdb that is being stopped may still write there.
  for (const entry of remains)
    await rm(join(dataDir, entry), { recursive: true, force: true, maxRetries: 10 });
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
