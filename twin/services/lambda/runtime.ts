import { randomUUID } from 'node:crypto';
import type { FunctionResource } from '../../template/function.ts';
import { accessKeyId } from '../iam/access-key.ts';
import { type Death, exited, type Invocation } from './invocation.ts';
import type { Output } from './log-file.ts';
import { type RuntimeThread, startRuntimeThread } from './runtime-thread.ts';

/** The execution environments of one function. */
export interface Runtime {
  invoke(payload: string, death: Death | undefined): Promise<Invocation>;
  stop(): Promise<void>;
}

/**
 * All environments of a function share one thread. On Lambda forty invocations that wait for a slow service are forty
 * environments, too many threads for a laptop; one thread can serve a thousand invocations that wait.
 */
export function createRuntime(
  fn: FunctionResource,
  sharedEnvironment: Readonly<Record<string, string>>,
  logs: Output,
): Runtime {
  const environment = {
    ...sharedEnvironment,
    ...fn.environment,
    AWS_LAMBDA_FUNCTION_NAME: fn.functionName,
    // Tells Powertools and the SDK to keep apart what belongs to different invocations.
    AWS_LAMBDA_MAX_CONCURRENCY: '1000',
    AWS_ACCESS_KEY_ID: accessKeyId(fn),
    AWS_SECRET_ACCESS_KEY: 'local',
  };
  let current: RuntimeThread | undefined;
  /** The current thread, and those that only finish their running invocations. */
  const alive = new Set<RuntimeThread>();

  function start(): RuntimeThread {
    const thread = startRuntimeThread(fn, environment, logs, {
      retired: () => {
        if (current === thread) current = undefined;
      },
      ended: () => alive.delete(thread),
    });
    alive.add(thread);
    return thread;
  }

  return {
    async invoke(payload, death) {
      const dead = () => exited(randomUUID(), 'Runtime exited with error: exit status 1');
      if (death === 'before') return dead();
      current ??= start();
      const invocation = await current.invoke(payload);
      return death === 'after' ? dead() : invocation;
    },
    async stop() {
      await Promise.all([...alive].map((thread) => thread.end()));
    },
  };
}
