import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Unreachable } from '../cli/exit-codes.ts';

const project = fileURLToPath(new URL('..', import.meta.url));
// A twin that is still starting stops when its start is complete.
const STOP_MS = 30_000;

export interface OwnTwin {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a separate twin: a free port, an empty database, no events and no ticks. */
export async function startTwin(signal: AbortSignal): Promise<OwnTwin> {
  const dataDir = await mkdtemp(join(tmpdir(), 'outbox-certify-'));
  const child = spawnTwin(dataDir);
  const closed = once(child, 'close');
  const kill = () => killGroup(child, 'SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    child.kill('SIGTERM');
    await Promise.race([closed, pause(STOP_MS, undefined, { ref: false })]);
    kill();
    await closed;
    process.off('exit', kill);
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    return { url: await readyAt(child, signal), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function spawnTwin(dataDir: string): ChildProcess {
  // The twin must not share a database, endpoints or credentials with the caller.
  const { DATABASE_URL: _, ...inherited } = process.env;
  const env = Object.entries(inherited).filter(([name]) => !name.startsWith('AWS_'));
  const flags = ['--events', '0', '--tick', '0', '--port', '0', '--data-dir', dataDir];
  return spawn(process.execPath, ['--import', 'tsx', 'certify/guarded-twin.ts', ...flags], {
    cwd: project,
    // Ctrl-C in a terminal must reach only this process, which still has to remove its resources.
    detached: true,
    env: { ...Object.fromEntries(env), NO_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

function readyAt(child: ChildProcess, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const url = /ready at (http:\S+)/.exec(output)?.[1];
        if (url !== undefined) resolve(url);
      });
    }
    child.once('error', reject);
    child.once('close', () => reject(new Unreachable(`the twin did not start: ${output.trim()}`)));
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Kills the twin with its functions and its database. After its end there is no group to kill. */
function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
