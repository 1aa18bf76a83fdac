import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, realpath, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { ifThere } from './if-there.ts';
import { databaseUser, folderClosedTo, type SystemUser } from './user.ts';

export interface DataDir {
  readonly path: string;
  /** The folder of the cluster, below it or, as older versions made it, the directory itself. */
  readonly cluster: string;
  readonly user: SystemUser | undefined;
}

/** The folder of the services' files, in the data directory beside the cluster. */
export const servicesFolder = 'twin';

/** Where the data will be and who runs the database there. Changes nothing on disk. */
export async function chooseDataDir(
  requested: string,
  whenUnreachable: 'refuse' | 'move outside',
  report: (step: string) => void,
): Promise<DataDir> {
  const path = await realPath(resolve(requested));
  const cluster = await clusterIn(path);
  const user = await databaseUser(await ownerOf(join(cluster, 'PG_VERSION')));
  const closed = user && (await folderClosedTo(user, path));
  if (!user || !closed) return { path, cluster, user };

  const reason = `the database's user ${user.name} may not enter "${closed}"`;
  if (whenUnreachable === 'refuse') {
    throw new Error(`data directory "${path}" cannot be used, because ${reason}: choose another --data-dir`);
  }
  // The same request finds the same folder again, so the data stays from one start to the next.
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 12);
  const outside = join(await realpath(tmpdir()), `twin-postgres-${hash}-${user.uid}`);
  const owner = await ownerOf(outside);
  if (owner !== undefined && owner !== user.uid) {
    throw new Error(`"${outside}" belongs to another user (uid ${owner}): delete it or choose a --data-dir`);
  }
  report(`keeping the data in ${outside}, because ${reason}`);
  return { path: outside, cluster: await clusterIn(outside), user };
}

/** Prepares a folder for a new cluster: creates it and gives it to the database's user. */
export async function handOver({ path, user }: DataDir): Promise<void> {
  await makeFolder(path);
  if (user) await chown(path, user.uid, user.gid);
  await chmod(path, 0o700); // PostgreSQL refuses a folder that others may read
}

/** Without mkdir's `recursive`, which never returns where no folder can be created, as in /proc. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeOne(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await makeOne(path);
  }
}

async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST' && (await stat(path)).isDirectory();
    if (!isThere) throw error;
  }
}

/** Any system error as one sentence for the user. */
export function unusable(dataDir: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error; // already a sentence for the user
  return new Error(`data directory "${dataDir}" cannot be used (${message}): choose another --data-dir`, {
    cause: error,
  });
}

async function clusterIn(path: string): Promise<string> {
  return (await ownerOf(join(path, 'PG_VERSION'))) === undefined ? join(path, 'cluster') : path;
}

/** The path with symlinks resolved in the part that exists. */
async function realPath(path: string): Promise<string> {
  return (await ifThere(realpath(path))) ?? join(await realPath(dirname(path)), basename(path));
}

async function ownerOf(path: string): Promise<number | undefined> {
  return (await ifThere(lstat(path)))?.uid;
}
