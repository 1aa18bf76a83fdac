import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

type Calls = Readonly<Record<string, (argument: never) => Promise<unknown>>>;

interface Request {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** A child process that answers calls. It ends with this process, even when this process is killed. */
export interface Child<C extends Calls> {
  /** @throws the error of the call, or an error when the process has ended */
  call<M extends keyof C & string>(
    method: M,
    ...argument: Parameters<C[M]>
  ): Promise<Awaited<ReturnType<C[M]>>>;
  /** Rejects when the process ends before it is stopped. */
  readonly ended: Promise<never>;
  stop(): Promise<void>;
}

const KEPT_STDERR_CHARACTERS = 2_000;
const KILL_AFTER_MS = 2_000;

/** Starts a program in this folder that calls `serve`. */
export function startChild<C extends Calls>(program: string): Child<C> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  // Disables the SDK's warning about Node 20, which would hide the error of a crashed child.
  const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  const child = fork(path, { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const waiting = new Map<number, (answer: Answer) => void>();
  let stderr = '';
  let lastId = 0;
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk}`.slice(-KEPT_STDERR_CHARACTERS);
  });
  child.on('message', (answer: Answer) => {
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  const ended = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const reason = `${program} ended (${signal ?? `exit code ${code}`})`;
      reject(new Error(stderr === '' ? reason : `${reason}: ${firstError(stderr)}`));
    });
  });
  ended.catch(() => undefined); // callers use it in a race
  return {
    ended,
    call(method, ...[argument]) {
      lastId += 1;
      const request: Request = { id: lastId, method, argument };
      const answered = new Promise<never>((resolve, reject) => {
        waiting.set(request.id, ({ value, error }) => {
          if (error === undefined) resolve(value as never);
          else reject(new Error(error));
        });
      });
      // When the channel is closed, `ended` rejects with the reason.
      child.send(request, () => undefined);
      return Promise.race([answered, ended]);
    },
    stop: () => end(child),
  };
}

/** The first line with an error message, or the last line of the output. */
function firstError(stderr: string): string {
  const lines = stderr.trim().split('\n');
  return lines.find((line) => /^(\w*Error|error)\b/.test(line)) ?? lines.at(-1) ?? '';
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
  if (child.connected) child.disconnect();
  await exited;
  clearTimeout(timer);
}

/** Answers the calls of the parent process and ends with it. */
export function serve(calls: Calls): void {
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ id, method, argument }: Request) => {
    const answer: Answer = await (async () => calls[method]?.(argument as never))().then(
      (value) => ({ id, value }),
      (error: unknown) => ({ id, error: error instanceof Error ? error.message : String(error) }),
    );
    process.send?.(answer);
  });
}
