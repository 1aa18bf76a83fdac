import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

// Other hosts and containers may share the folder for temporary files, and their process ids say nothing here.
const prefix = `outbox-cdk-${hostname().replaceAll(/[^\w.]/g, '_')}-`;

/** A new folder for the cloud assembly of this process. Removes those of twins that were killed. */
export async function makeAssemblyFolder(parent = tmpdir()): Promise<string> {
  for (const name of await readdir(parent)) {
    const [, pid] = /^(\d+)-\w+$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : '') ?? [];
    if (pid === undefined || isRunning(Number(pid))) continue;
    // A folder of another user stays: it is no reason not to start.
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
  return mkdtemp(join(parent, `${prefix}${process.pid}-`));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is another user's.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
