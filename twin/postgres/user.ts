import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * The user who runs the database: PostgreSQL refuses root, so root lends it to the owner of an existing cluster,
 * else to `postgres`, else to `nobody`. Undefined means: whoever runs this process.
 */
export async function databaseUser(clusterOwner: number | undefined): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = parsePasswd(await readFile('/etc/passwd', 'utf8'));
  const user =
    (clusterOwner === 0 ? undefined : users.find(({ uid }) => uid === clusterOwner)) ??
    users.find(({ name }) => name === 'postgres') ??
    users.find(({ name }) => name === 'nobody');
  if (user) return user;
  throw new Error(
    'postgres refuses to run as root, and /etc/passwd has neither a user postgres nor nobody: ' +
      'start as another user, or give a DATABASE_URL',
  );
}

function parsePasswd(passwd: string): SystemUser[] {
  return passwd.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

/** The folder above `path`, nearest to the root, that the user may not enter; undefined when there is none. */
export async function folderClosedTo(user: SystemUser, path: string): Promise<string | undefined> {
  const parent = dirname(path);
  if (parent === path) return undefined;
  const closed = await folderClosedTo(user, parent);
  if (closed) return closed;
  const folder = await stat(parent).catch(() => undefined); // what is not there yet closes no way
  if (!folder) return undefined;
  const shift = folder.uid === user.uid ? 6 : folder.gid === user.gid ? 3 : 0;
  return (folder.mode >> shift) & 0o1 ? undefined : parent;
}
