import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ifThere } from './if-there.ts';
import { isRunning, startTime } from './process-table.ts';

export const lockFile = 'twin.lock';

interface Owner {
  readonly pid: number;
  /** Absent where the system has no /proc. */
  readonly startedAt?: string;
}

/** A process that was just killed still runs for a moment. */
const dyingMs = 1_000;

export function inUse(dataDir: string, pid: number): Error {
  return new Error(
    `data directory "${dataDir}" is in use by process ${pid}; stop it or choose another --data-dir`,
  );
}

/**
 * Makes this process the owner of a data directory and answers with the way to give it up. The owner, not the
 * postmaster, tells a live twin from an orphan: a postmaster whose owner is gone belongs to nobody.
 */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  const lock = join(dataDir, lockFile);
  const draft = `${lock}.${process.pid}`;
  const own: Owner = { pid: process.pid, startedAt: await startTime(process.pid) };
  await writeFile(draft, JSON.stringify(own));
  try {
    // A link appears whole or not at all, so no reader ever sees a half-written lock.
    while (!(await tryLink(draft, lock))) await removeStale(dataDir, lock);
  } finally {
    await rm(draft, { force: true });
  }
  return () => rm(lock, { force: true });
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function removeStale(dataDir: string, lock: string): Promise<void> {
  const found = await ifThere(readFile(lock, 'utf8'));
  if (found === undefined) return;
  await refuseLiveOwner(dataDir, found);
  // Two processes may find the same stale lock. The slower one may remove the new lock of the faster one: the
  // content shows that, and it is put back.
  const removed = `${lock}.stale-${process.pid}`;
  if (!(await ifThere(rename(lock, removed).then(() => true)))) return;
  if ((await readFile(removed, 'utf8')) !== found) await tryLink(removed, lock);
  await rm(removed, { force: true });
}

async function refuseLiveOwner(dataDir: string, content: string): Promise<void> {
  const owner = parseOwner(content);
  if (!owner) return;
  const deadline = Date.now() + dyingMs;
  while (await lives(owner)) {
    if (Date.now() > deadline) throw inUse(dataDir, owner.pid);
    await pause(20);
  }
}

async function lives({ pid, startedAt }: Owner): Promise<boolean> {
  return (await isRunning(pid)) && (await startTime(pid)) === startedAt;
}

/** A lock file that is empty after a power failure has no owner. */
function parseOwner(content: string): Owner | undefined {
  try {
    return JSON.parse(content) as Owner;
  } catch {
    return undefined;
  }
}
