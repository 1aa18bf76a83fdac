import { spawn } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { SystemUser } from './user.ts';

export interface Guarded {
  /** The command's exit code; rejects when the guard itself could not be started. */
  readonly exited: Promise<number>;
  hasExited(): boolean;
  stop(): Promise<void>;
  /** From now on the command no longer keeps its owner's process alive. */
  release(): void;
  lastLogLines(): Promise<string>;
}

export interface GuardedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly user: SystemUser | undefined;
  /** Working folder; must be open to the user, because PostgreSQL reads its path. */
  readonly cwd: string;
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

const guardScript = fileURLToPath(new URL('./guard.mjs', import.meta.url));

/** Runs a command that ends when this process ends, even by `kill -9` of its process group. */
export function spawnGuarded({ command, args, user, cwd, logFile, env }: GuardedCommand): Guarded {
  const order = JSON.stringify({ command, args, uid: user?.uid, gid: user?.gid });
  // Created again, because the last one may belong to root after a start with sudo.
  rmSync(logFile, { force: true });
  const log = openSync(logFile, 'wx');
  const guard = spawn(process.execPath, [guardScript, order], {
    cwd,
    detached: true,
    windowsHide: true,
    stdio: ['pipe', log, log],
    // NODE_OPTIONS may load files that only the owner can resolve; in the C locale the log is in English.
    env: { ...process.env, NODE_OPTIONS: '', LC_ALL: 'C', ...env },
  });
  closeSync(log);

  let ended = false;
  const exited = new Promise<number>((resolve, reject) => {
    guard.once('error', reject);
    guard.once('exit', (code) => resolve(code ?? 1));
  }).finally(() => {
    ended = true;
  });
  // A failure goes to whoever awaits `exited`; until then it must not end the process as an unhandled rejection.
  exited.catch(() => undefined);
  // A guard that has already ended cannot take the end of its input: `exited` reports that.
  guard.stdin?.on('error', () => undefined);

  return {
    exited,
    hasExited: () => ended,
    release: () => guard.unref(),
    async stop() {
      guard.ref();
      guard.stdin?.end();
      await exited;
    },
    lastLogLines: async () => (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-15).join('\n'),
  };
}
