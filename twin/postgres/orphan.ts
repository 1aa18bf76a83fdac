import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { DataDir } from './data-dir.ts';
import { ifThere } from './if-there.ts';
import { inUse } from './lock.ts';
import { commandLine, isRunning } from './process-table.ts';

/** Marks the postmasters that a twin has started, so that no other one is ever stopped. */
export const twinMark = 'cluster_name=aws-twin';

/**
 * Stops a postmaster that a killed twin has left on this data directory. Returns the process id in postmaster.pid if
 * another program has it now: PostgreSQL must be told, because it would take that program for a postmaster.
 */
export async function stopOrphan(
  { path, cluster }: DataDir,
  report: (step: string) => void,
): Promise<number | undefined> {
  const pid = await postmasterPid(cluster);
  if (pid === undefined) return undefined;
  if (!(await isRunning(pid))) return pid;
  const command = await commandLine(pid);
  if (command?.includes(`postgres -D ${cluster} `) && command.includes(twinMark)) {
    report(`stopping the PostgreSQL that process ${pid} still runs for a twin that has died`);
    await stopPostmaster(pid);
    return pid;
  }
  if (command === undefined || /(^|\/)postgres(:| |$)/.test(command)) throw inUse(path, pid);
  return pid;
}

/** Its guard may be stopping it at this moment: a second request for a fast shutdown does no harm. */
async function stopPostmaster(pid: number): Promise<void> {
  for (const [signal, timeoutMs] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    trySignal(pid, signal);
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      if (!(await isRunning(pid))) return;
      await pause(20);
    }
  }
  throw new Error(`postgres process ${pid}, left by a twin that has died, does not end; stop it by hand`);
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function postmasterPid(cluster: string): Promise<number | undefined> {
  const file = await ifThere(readFile(join(cluster, 'postmaster.pid'), 'utf8'));
  const pid = Number(file?.split('\n')[0]);
  return pid > 0 ? pid : undefined;
}
