import { setTimeout as pause } from 'node:timers/promises';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeExecutionCommand, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { type Clients, clientOptions, createClients } from '../cli/clients.ts';
import type { Target } from '../cli/target.ts';
import { createOwnRows, type OwnRows } from './own-rows.ts';

/** The clients, names and functions that a scenario uses. */
export interface Context extends Clients {
  readonly target: Target;
  /** Name of the stack; undefined on the twin. */
  readonly stack?: string;
  readonly logs: CloudWatchLogsClient;
  readonly cloudWatch: CloudWatchClient;
  /** Prefix of all names in the outbox. */
  readonly name: string;
  /** The log group of the processor's history. */
  readonly historyLogGroup: string;
  readonly rows: OwnRows;
  /** Aborts the waits of the scenario. */
  readonly signal: AbortSignal;
  /** Starts a redrive; it is stopped at the end if it is still running. */
  startRedrive(input: object): Promise<string>;
  /** Repeats a check until it returns a value. */
  until<T>(look: () => Promise<T | undefined>): Promise<T>;
  /** Adds a note to the report: a measured value, or a reason why a difference may be harmless. */
  note(text: string): void;
}

export interface Session {
  /** The context of one scenario. */
  context(signal: AbortSignal, note: (text: string) => void): Context;
  /** Removes what the scenario created. @throws AggregateError of what could not be removed */
  removeAll(): Promise<void>;
}

export interface SessionOptions {
  readonly target: Target;
  readonly stack?: string;
  readonly historyLogGroup?: string;
  /** Nothing new is started after it is aborted. */
  readonly signal: AbortSignal;
}

const LOCAL_POLL_MS = 100;
const AWS_POLL_MS = 2_000;
const REMOVAL_TRIES = 4;

export function createSession({ target, stack, historyLogGroup, signal: ended }: SessionOptions): Session {
  const clients = createClients(target);
  const options = clientOptions(target);
  const name = nameOf(target);
  const redrives: Promise<string>[] = [];
  const shared = {
    ...clients,
    target,
    ...(stack !== undefined && { stack }),
    logs: new CloudWatchLogsClient(options),
    cloudWatch: new CloudWatchClient(options),
    name,
    historyLogGroup: historyLogGroup ?? `/aws/vendedlogs/states/${name}-processor`,
    rows: createOwnRows(clients.database, ended),
    startRedrive(input: object) {
      const started = startRedrive(input);
      redrives.push(started);
      return started;
    },
  };

  async function startRedrive(input: object): Promise<string> {
    ended.throwIfAborted();
    const stateMachineArn = target.need('redriveArn');
    const { executionArn = '' } = await clients.stepFunctions.send(
      new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }),
    );
    return executionArn;
  }

  async function stopRedrives(): Promise<void> {
    for (const started of await Promise.allSettled(redrives)) {
      if (started.status === 'rejected') continue;
      const executionArn = started.value;
      const { status } = await clients.stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
      if (status === 'RUNNING') await clients.stepFunctions.send(new StopExecutionCommand({ executionArn }));
    }
  }

  return {
    context: (signal, note) => ({
      ...shared,
      signal,
      note,
      async until(look) {
        for (;;) {
          const found = await look();
          if (found !== undefined) return found;
          await pause(target.localUrl === undefined ? AWS_POLL_MS : LOCAL_POLL_MS, undefined, { signal });
        }
      },
    }),
    async removeAll() {
      // Rows are removed last, because a redrive may still be using them.
      const ends = [];
      for (const remove of [stopRedrives, shared.rows.removeAll])
        ends.push(...(await Promise.allSettled([persistently(remove)])));
      const errors = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
      if (errors.length > 0) throw new AggregateError(errors, errors.map(String).join('; '));
    },
  };
}

/** Removing is important enough for more than one attempt. */
async function persistently(remove: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await remove();
    } catch (error) {
      if (tries === REMOVAL_TRIES) throw error;
      await pause(tries * 500);
    }
  }
}

/** Every resource name starts with the name of its outbox: `shop-processor` belongs to the outbox `shop`. */
function nameOf(target: Target): string {
  return (target.need('processorArn').split(':').at(-1) ?? '').replace(/-processor$/, '');
}
