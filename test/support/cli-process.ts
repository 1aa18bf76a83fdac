import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { shared } from './shared.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that is still running. */
export interface Running {
  /** Waits until stdout or stderr contains this. */
  shows(text: string | RegExp): Promise<void>;
  type(keys: string): void;
  stop(signal?: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

/** The operator's CLI, bundled as in the package, because starting the sources takes seconds. */
export interface Cli {
  /** Path of the bundle, for shell commands. */
  readonly bundle: string;
  /** Starts the CLI with pipes instead of a terminal. */
  start(parameters: readonly string[], env?: NodeJS.ProcessEnv): Running;
  run(parameters: readonly string[], options?: { stdin?: string; env?: NodeJS.ProcessEnv }): Promise<Ended>;
  /** Starts the CLI in a shell with this redirection after the command; `prepare` comes before the command. */
  inShell(
    parameters: readonly string[],
    redirection: string,
    env?: NodeJS.ProcessEnv,
    prepare?: string,
  ): Running;
  /** Starts the CLI in a pseudo terminal of this width. All output of the terminal is in stdout. */
  startInTerminal(parameters: readonly string[], columns?: number, env?: NodeJS.ProcessEnv): Running;
  remove(): Promise<void>;
}

export async function bundleCli(): Promise<Cli> {
  const bundle = await shared('cli');
  // A test that fails leaves its commands running.
  const running = new Set<Running>();
  const follow = (...command: Parameters<typeof spawnAndFollow>) => {
    const started = spawnAndFollow(...command);
    running.add(started);
    void started.ended.finally(() => running.delete(started));
    return started;
  };
  // The same on a CI machine and on a laptop: output to a pipe has no colours.
  const start: Cli['start'] = (parameters, env = process.env) =>
    follow(process.execPath, [bundle, ...parameters], { ...env, CI: 'true', FORCE_COLOR: undefined });
  return {
    bundle,
    start,
    async run(parameters, { stdin = '', env } = {}) {
      const running = start(parameters, env);
      running.type(stdin);
      running.type('');
      return running.ended;
    },
    inShell: (parameters, redirection, env = process.env, prepare = '') =>
      follow('bash', ['-c', `${prepare} ${quoted(bundle, parameters)} ${redirection}`], {
        ...env,
        CI: 'true',
      }),
    startInTerminal(parameters, columns = 200, env = process.env) {
      const command = `stty cols ${columns} && exec ${quoted(bundle, parameters)}`;
      const script =
        process.platform === 'darwin'
          ? ['-q', '/dev/null', 'sh', '-c', command]
          : ['--quiet', '--flush', '--return', '--command', command, '/dev/null'];
      return follow('script', script, {
        ...env,
        CI: undefined,
        TERM: 'xterm-256color',
      });
    },
    async remove() {
      for (const each of running) each.stop('SIGKILL');
      await Promise.all([...running].map(({ ended }) => ended));
    },
  };
}

function quoted(bundle: string, parameters: readonly string[]): string {
  return [process.execPath, bundle, ...parameters]
    .map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
    .join(' ');
}

function spawnAndFollow(file: string, parameters: readonly string[], env: NodeJS.ProcessEnv): Running {
  const child = spawn(file, parameters, { cwd: project, env });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  }
  // A command that refuses its parameters ends without reading stdin.
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close').then(([exitCode]) => ({ exitCode: exitCode as number | null, ...text }));
  return {
    ended,
    async shows(wanted) {
      const shown = () => {
        const all = text.stdout + text.stderr;
        return typeof wanted === 'string' ? all.includes(wanted) : wanted.test(all);
      };
      while (!shown()) {
        if (child.exitCode !== null) throw new Error(`it ended without ${wanted}: ${JSON.stringify(text)}`);
        const seen = new AbortController();
        const data = (stream: NodeJS.ReadableStream) => once(stream, 'data', { signal: seen.signal });
        await Promise.race([data(child.stdout), data(child.stderr), ended]);
        seen.abort();
      }
    },
    type: (keys) => void (keys === '' ? child.stdin.end() : child.stdin.write(keys)),
    stop: (signal = 'SIGINT') => void child.kill(signal),
  };
}
