import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { FunctionResource } from '../../template/function.ts';
import { exited, type Invocation, timedOut } from './invocation.ts';
import type { Output } from './log-file.ts';

// Lambda gives the loading of a bundle ten seconds of its own, before a function's time begins.
const LOADING_MS = 10_000;
// Many invocations share the thread's heap, and each may use the function's memory on Lambda.
const HEAP_MIB = 512;
// Otherwise each thread would keep up to 48 MB for objects that do not outlive an invocation.
const YOUNG_HEAP_MIB = 6;
// Time to print the last output of the functions. A thread that is computing does not receive the message to end.
const ENDING_MS = 500;
// Lambda, too, removes an environment that was idle for some minutes.
const IDLE_MS = 5 * 60_000;

type Message =
  | { readonly loaded: true }
  | { readonly loaded: false; readonly payload: string }
  | { readonly id: string; readonly failed: boolean; readonly payload: string };

interface Running {
  readonly settle: (invocation: Invocation) => void;
  timer: NodeJS.Timeout;
}

/** A thread with a function's bundle. Invocations run in it at the same time: handlers mostly wait. */
export interface RuntimeThread {
  invoke(payload: string): Promise<Invocation>;
  /** Ends the thread now: its running invocations fail. */
  end(): Promise<void>;
}

export interface RuntimeThreadEvents {
  /** The thread takes no more invocations. */
  readonly retired: () => void;
  readonly ended: () => void;
}

export function startRuntimeThread(
  fn: FunctionResource,
  environment: Readonly<Record<string, string>>,
  logs: Output,
  { retired, ended }: RuntimeThreadEvents,
): RuntimeThread {
  const timeoutMs = fn.timeoutSeconds * 1000;
  const running = new Map<string, Running>();
  const worker = startWorker(fn, environment, timeoutMs);
  forward(worker.stdout, logs);
  forward(worker.stderr, logs);
  const exit = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  let loaded = false;
  let retiring = false;
  let ending = false;
  let reason: string | undefined;
  const idle = setTimeout(() => running.size === 0 && retire(), IDLE_MS).unref();

  function retire(): void {
    if (!retiring) retired();
    retiring = true;
    if (running.size === 0) void end();
  }

  function end(): Promise<void> {
    if (!ending) {
      ending = true;
      worker.postMessage({ end: true });
      const timer = setTimeout(() => void worker.terminate(), ENDING_MS);
      void exit.then(() => clearTimeout(timer));
    }
    return exit;
  }

  function settle(id: string, invocation: Invocation): void {
    const found = running.get(id);
    if (found === undefined) return; // it had run out of time
    clearTimeout(found.timer);
    running.delete(id);
    found.settle(invocation);
    idle.refresh();
    if (retiring) retire();
  }

  /** An answer that arrived while this thread was busy is handled first. */
  function startTimer(id: string, ms: number): NodeJS.Timeout {
    return setTimeout(() => setImmediate(outOfTime, id), ms);
  }

  /** On Lambda the environment ends. Here the thread ends as soon as the other invocations in it have ended. */
  function outOfTime(id: string): void {
    if (!running.has(id)) return;
    worker.postMessage({ cutOff: id });
    settle(id, timedOut(id, fn.timeoutSeconds));
    retire();
  }

  function failAll(invocationOf: (id: string) => Invocation): void {
    for (const id of [...running.keys()]) settle(id, invocationOf(id));
    retire();
  }

  worker.on('message', (message: Message) => {
    if ('id' in message) {
      const { id, failed, payload } = message;
      settle(id, failed ? { payload, functionError: 'Unhandled' } : { payload });
    } else if (message.loaded) {
      loaded = true;
      for (const [id, waiting] of running) {
        clearTimeout(waiting.timer);
        waiting.timer = startTimer(id, timeoutMs);
      }
    } else {
      const { payload } = message;
      failAll(() => ({ payload, functionError: 'Unhandled' }));
    }
  });
  worker.on('error', (error) => {
    reason = String(error);
    logs.write(`${fn.functionName}: ${reason}\n`);
  });
  worker.on('exit', (code) => {
    clearTimeout(idle);
    ended();
    failAll((id) => exited(id, reason ?? `Runtime exited with error: exit status ${code}`));
  });
  return {
    invoke(payload) {
      const id = randomUUID();
      return new Promise((resolve) => {
        const timer = startTimer(id, loaded ? timeoutMs : LOADING_MS + timeoutMs);
        running.set(id, { settle: resolve, timer });
        worker.postMessage({ id, payload });
      });
    },
    end,
  };
}

function startWorker(
  fn: FunctionResource,
  environment: Readonly<Record<string, string>>,
  timeoutMs: number,
): Worker {
  const [file, exportName] = fn.handler.split('.');
  return new Worker(new URL('./runtime-worker.mjs', import.meta.url), {
    env: environment,
    workerData: {
      bundle: pathToFileURL(`${fn.codeFolder}/${file}.mjs`).href,
      exportName,
      functionName: fn.functionName,
      functionArn: fn.arn,
      memoryMiB: fn.memoryMiB,
      timeoutMs,
    },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: YOUNG_HEAP_MIB },
    stdout: true,
    stderr: true,
  });
}

function forward(from: Readable, to: Output): void {
  from.on('data', (chunk: Buffer) => to.write(chunk));
}
