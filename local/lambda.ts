import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { AwsError } from './aws-error.ts';
import type { Call, CrashPoint, Faults } from './faults.ts';

/** A function of the template, with its variables resolved. */
export interface FunctionResource {
  /** The handler's name, e.g. `fetch-batch`. */
  readonly key: string;
  readonly functionName: string;
  readonly arn: string;
  readonly codeFolder: string;
  /** `index.handler` */
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly memoryMiB: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly roleArn: string;
}

export interface Invocation {
  /** The function's answer as JSON, or the error in Lambda's shape. */
  readonly payload: string;
  /** `Unhandled` when the function threw, died or ran out of time. */
  readonly functionError?: 'Unhandled';
}

export interface Lambda {
  /** The key of the function that a name or an ARN, qualified or not, belongs to. */
  keyOf(nameOrArn: string): string;
  invoke(nameOrArn: string, payload: string): Promise<Invocation>;
  /** Invocations so far, by the function's key. */
  invocations(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

// An execution environment is a thread of some 20 MB; two cores gain nothing from more of them while calls are fast.
const MAX_ENVIRONMENTS = 3;
// Lambda gives the loading of a bundle ten seconds of its own, before a function's time begins.
const LOADING_MS = 10_000;
const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;

/** Lambda: every function in worker threads of its own, one invocation at a time in each, killed at its time-out. */
export function createLambda(
  functions: readonly FunctionResource[],
  sharedEnvironment: Readonly<Record<string, string>>,
  logs: Writable,
  faults: Faults,
  maxEnvironments = MAX_ENVIRONMENTS,
): Lambda {
  const pools = new Map(
    functions.map((fn) => [fn.functionName, createPool(fn, sharedEnvironment, logs, maxEnvironments)]),
  );
  const invocations: Record<string, number> = Object.fromEntries(functions.map(({ key }) => [key, 0]));
  const find = (nameOrArn: string) => {
    const name = /^(?:arn:[^:]*:lambda:[^:]*:[^:]*:function:)?([^:]+)(?::[^:]+)?$/.exec(nameOrArn)?.[1] ?? '';
    const pool = pools.get(name);
    if (pool === undefined)
      throw new AwsError('ResourceNotFoundException', `Function not found: ${nameOrArn}`, 404);
    return pool;
  };
  return {
    invocations: () => ({ ...invocations }),
    keyOf: (nameOrArn) => find(nameOrArn).key,
    async invoke(nameOrArn, payload) {
      const pool = find(nameOrArn);
      if (Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES) {
        throw new AwsError('RequestTooLargeException', `the payload exceeds ${MAX_PAYLOAD_BYTES} bytes`, 413);
      }
      invocations[pool.key] = (invocations[pool.key] ?? 0) + 1;
      const call = () =>
        ({ service: 'lambda', operation: 'Invoke', ...describePayload(pool.key, payload) }) as const;
      return faults.around(call, () => pool.invoke(payload, faults.crash(call)));
    },
    async stop() {
      await Promise.all([...pools.values()].map((pool) => pool.stop()));
    },
  };
}

/** Lambda gives a function the credentials of its role; here they tell whose call it is. */
export function accessKeyId({ key }: FunctionResource): string {
  return `function-${key}`;
}

function createPool(
  fn: FunctionResource,
  sharedEnvironment: Readonly<Record<string, string>>,
  logs: Writable,
  maxEnvironments: number,
) {
  const environments = new Set<Worker>();
  const idle: Worker[] = [];
  const waiting: ((worker: Worker) => void)[] = [];

  function start(): Worker {
    const [file, exportName] = fn.handler.split('.');
    const worker = new Worker(new URL('./lambda-worker.mjs', import.meta.url), {
      env: {
        ...sharedEnvironment,
        ...fn.environment,
        AWS_LAMBDA_FUNCTION_NAME: fn.functionName,
        AWS_ACCESS_KEY_ID: accessKeyId(fn),
        AWS_SECRET_ACCESS_KEY: 'local',
      },
      workerData: {
        bundle: pathToFileURL(`${fn.codeFolder}/${file}.mjs`).href,
        exportName,
        functionName: fn.functionName,
        functionArn: fn.arn,
        memoryMiB: fn.memoryMiB,
      },
      resourceLimits: { maxOldGenerationSizeMb: fn.memoryMiB },
      stdout: true,
      stderr: true,
    });
    forward(worker.stdout, logs);
    forward(worker.stderr, logs);
    worker.on('error', (error) => logs.write(`${fn.functionName}: ${String(error)}\n`));
    environments.add(worker);
    worker.on('message', ({ loaded }: { loaded?: boolean }) => loaded && warm.add(worker));
    worker.on('exit', () => {
      environments.delete(worker);
      const at = idle.indexOf(worker);
      if (at !== -1) idle.splice(at, 1);
      // The place that became free goes to whoever waited for this one.
      const next = waiting.shift();
      if (next !== undefined) next(start());
    });
    return worker;
  }

  function acquire(): Promise<Worker> {
    const warm = idle.pop();
    if (warm !== undefined) return Promise.resolve(warm);
    if (environments.size < maxEnvironments) return Promise.resolve(start());
    return new Promise((resolve) => waiting.push(resolve));
  }

  function give(worker: Worker): void {
    const next = waiting.shift();
    if (next !== undefined) next(worker);
    else idle.push(worker);
  }

  return {
    key: fn.key,
    async invoke(payload: string, crash: CrashPoint): Promise<Invocation> {
      const worker = await acquire();
      const { invocation, alive } = await runOnce(fn, worker, payload, crash);
      if (alive) give(worker);
      return invocation;
    },
    async stop() {
      waiting.length = 0;
      await Promise.all([...environments].map((worker) => worker.terminate()));
    },
  };
}

/** Execution environments that have loaded their bundle. */
const warm = new WeakSet<Worker>();

interface WorkerAnswer {
  readonly loaded?: boolean;
  readonly id: string;
  readonly failed: boolean;
  readonly payload: string;
}

/** Sends one invocation to an idle worker. A worker that is not alive afterwards has been replaced by nobody yet. */
function runOnce(
  fn: FunctionResource,
  worker: Worker,
  payload: string,
  crash: CrashPoint,
): Promise<{ invocation: Invocation; alive: boolean }> {
  const id = randomUUID();
  const timeoutMs = fn.timeoutSeconds * 1000;
  return new Promise((resolve) => {
    const outOfTime = () => {
      settle(
        failure(
          'Sandbox.Timedout',
          `RequestId: ${id} Error: Task timed out after ${fn.timeoutSeconds}.00 seconds`,
        ),
        false,
      );
      void worker.terminate();
    };
    let timer = setTimeout(outOfTime, warm.has(worker) ? timeoutMs : LOADING_MS + timeoutMs);
    const onMessage = (answer: WorkerAnswer) => {
      if (answer.loaded) {
        clearTimeout(timer);
        timer = setTimeout(outOfTime, timeoutMs);
      }
      if (answer.id !== id) return;
      settle(
        answer.failed ? { payload: answer.payload, functionError: 'Unhandled' } : { payload: answer.payload },
        true,
      );
    };
    const onError = (error: unknown) =>
      settle(failure('Runtime.ExitError', `RequestId: ${id} Error: ${String(error)}`), false);
    const onExit = (code: number) =>
      settle(
        failure(
          'Runtime.ExitError',
          `RequestId: ${id} Error: Runtime exited with error: exit status ${code}`,
        ),
        false,
      );
    function settle(invocation: Invocation, alive: boolean): void {
      clearTimeout(timer);
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      resolve({ invocation, alive });
    }
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage({ id, payload, crash, timeoutMs });
  });
}

function failure(errorType: string, errorMessage: string): Invocation {
  return { payload: JSON.stringify({ errorType, errorMessage }), functionError: 'Unhandled' };
}

function forward(from: Readable, to: Writable): void {
  from.on('data', (chunk: Buffer) => to.write(chunk));
}

/** What a fault rule can match: the events that a payload of ours carries. */
export function describePayload(
  key: string,
  payload: string,
): Pick<Call, 'function' | 'detailTypes' | 'eventIds'> {
  const { events = [], outcomes = [] } = JSON.parse(payload) as {
    events?: readonly { eventId: string; eventType: string }[];
    outcomes?: readonly { eventId: string }[];
  };
  return {
    function: key,
    detailTypes: events.map(({ eventType }) => eventType),
    eventIds: [...events, ...outcomes].map(({ eventId }) => eventId),
  };
}
