import { AwsError } from '../../http/aws-error.ts';
import type { FunctionResource } from '../../template/function.ts';
import type { Death, Invocation } from './invocation.ts';
import type { Output } from './log-file.ts';
import { createRuntime } from './runtime.ts';

export interface Lambda {
  /** The key of the function that a name or an ARN, qualified or not, belongs to. */
  keyOf(nameOrArn: string): string;
  invoke(nameOrArn: string, payload: string, options?: InvokeOptions): Promise<Invocation>;
  /** Invocations so far, by the function's key. */
  invocations(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

export interface InvokeOptions {
  readonly death?: Death;
  /** Calls back when the caller no longer waits. The invocation itself continues. */
  readonly onLeave?: (listener: () => void) => void;
}

export interface LambdaOptions {
  readonly functions: readonly FunctionResource[];
  /** Variables that every function gets, before its own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logs: Output;
  /** Invocations of all functions that may run at once. The next one is refused, because Lambda has no queue. */
  readonly concurrency: number;
}

const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;

/** Lambda: runs the functions' bundles, as many invocations at once as the account's limit allows. */
export function createLambda({ functions, environment, logs, concurrency }: LambdaOptions): Lambda {
  const byName = new Map(
    functions.map((fn) => [
      fn.functionName,
      { key: fn.key, runtime: createRuntime(fn, environment, logs), invocations: 0 },
    ]),
  );
  let running = 0;
  let stopped = false;
  const find = (nameOrArn: string) => {
    const name = /^(?:arn:[^:]*:lambda:[^:]*:[^:]*:function:)?([^:]+)(?::[^:]+)?$/.exec(nameOrArn)?.[1] ?? '';
    const found = byName.get(name);
    if (found === undefined)
      throw new AwsError('ResourceNotFoundException', `Function not found: ${nameOrArn}`, 404);
    return found;
  };
  return {
    invocations: () =>
      Object.fromEntries([...byName.values()].map(({ key, invocations }) => [key, invocations])),
    keyOf: (nameOrArn) => find(nameOrArn).key,
    async invoke(nameOrArn, payload, { death } = {}) {
      const found = find(nameOrArn);
      if (Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES) {
        throw new AwsError('RequestTooLargeException', `the payload exceeds ${MAX_PAYLOAD_BYTES} bytes`, 413);
      }
      if (stopped) throw new AwsError('ServiceException', 'the twin is stopping', 500);
      if (running >= concurrency) {
        const details = { Reason: 'ConcurrentInvocationLimitExceeded', Type: 'User' };
        throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429, details);
      }
      running += 1;
      found.invocations += 1;
      try {
        return await found.runtime.invoke(payload, death);
      } finally {
        running -= 1;
      }
    },
    async stop() {
      stopped = true;
      await Promise.all([...byName.values()].map(({ runtime }) => runtime.stop()));
    },
  };
}
