import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Whether a process runs: one that was killed but not yet reaped (a zombie) does not. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false; // EPERM: it runs, as another user
  }
  const state = (await statFields(pid))?.[0];
  return state !== 'Z' && state !== 'X';
}

/** Tells a process from a later one with the same id. Undefined where there is no /proc. */
export async function startTime(pid: number): Promise<string | undefined> {
  return (await statFields(pid))?.[19];
}

/** The command line, words separated by spaces. Undefined when the system does not provide it. */
export async function commandLine(pid: number): Promise<string | undefined> {
  const words = await readProc(pid, 'cmdline');
  if (words !== undefined) return words.replaceAll('\0', ' ');
  if (process.platform === 'win32') return undefined;
  const ps = await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).catch(
    () => undefined,
  );
  return ps && `${ps.stdout.trim()} `;
}

/** The fields of /proc/<pid>/stat from the third on: the second is the name, which may contain any character. */
async function statFields(pid: number): Promise<string[] | undefined> {
  const stat = await readProc(pid, 'stat');
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Undefined without /proc, and when the process has just ended. */
function readProc(pid: number, file: string): Promise<string | undefined> {
  return readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => undefined);
}
