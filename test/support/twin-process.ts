import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FaultRule } from '../../twin/faults/rules.ts';
import type { AcceptedEvent } from '../../twin/services/event-bridge/bus-log.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

export interface Health {
  readonly status: string;
  readonly clusterArn: string;
  readonly secretArn: string;
  readonly operatorSecretArn: string;
  readonly database: string;
  readonly eventBusName: string;
  readonly postgresUrl: string;
  readonly stateMachines: Readonly<Record<string, string>>;
  readonly functions: Readonly<Record<string, string>>;
}

export interface Execution {
  readonly executionArn: string;
  readonly status: string;
  readonly output: Readonly<Record<string, number>>;
  readonly cause?: string;
  readonly history?: readonly {
    readonly type: string;
    readonly stateEnteredEventDetails?: { readonly name: string };
  }[];
}

/** A twin in its own process, started by the command that a user types. */
export interface TwinProcess {
  readonly url: string;
  readonly health: Health;
  output(): string;
  get<T>(path: string): Promise<T>;
  /** Fires the schedule and waits for the end of the run. */
  tick(): Promise<Execution>;
  busEvents(): Promise<AcceptedEvent[]>;
  /** Replaces the fault rules. */
  setFaults(rules: readonly FaultRule[]): Promise<void>;
  /** How often each rule has fired, in the order of the rules. */
  faultsFired(): Promise<number[]>;
  /** Stops the twin as Ctrl-C does and returns the exit code. */
  stop(): Promise<number | null>;
  /** Kills the whole process group with SIGKILL. */
  kill(): Promise<void>;
}

/** A folder for the data of one twin, with a function that removes it. */
export async function temporaryDataDir(): Promise<{ dataDir: string; remove: () => Promise<void> }> {
  const parent = await mkdtemp(join(tmpdir(), 'outbox-e2e-'));
  return { dataDir: parent, remove: () => rm(parent, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Runs `npm start -- ...` and waits for its end. */
export async function runToEnd(
  parameters: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  { interruptAt }: { interruptAt?: string } = {},
): Promise<{ exitCode: number | null; output: string }> {
  const child = start(parameters, env);
  const output = collect(child);
  if (interruptAt !== undefined)
    child.stdout?.on('data', (chunk: string) => chunk.includes(interruptAt) && child.kill('SIGINT'));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, output: output() };
}

export async function startTwinProcess(...parameters: string[]): Promise<TwinProcess> {
  const child = start(['--port', '0', ...parameters], process.env);
  const output = collect(child);
  const closed = once(child, 'close');
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', () => {
      const address = /ready at (http:\S+)/.exec(output())?.[1];
      if (address !== undefined) resolve(address);
    });
    child.on('close', (code) => reject(new Error(`the twin ended with ${code}:\n${output()}`)));
  });
  const request = async (path: string, method = 'GET', body?: unknown) => {
    const response = await fetch(`${url}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  return {
    url,
    output,
    health: (await request('/_local/health')) as Health,
    get: async <T>(path: string) => (await request(path)) as T,
    tick: async () => (await request('/_local/tick?wait=true', 'POST')) as Execution,
    busEvents: async () => (await request('/_local/bus/events')) as AcceptedEvent[],
    async setFaults(rules) {
      await request('/_local/faults', 'PUT', rules);
    },
    async faultsFired() {
      const rules = (await request('/_local/faults')) as { fired: number }[];
      return rules.map(({ fired }) => fired);
    },
    async stop() {
      child.kill('SIGINT');
      const [exitCode] = (await closed) as [number | null];
      return exitCode;
    },
    async kill() {
      process.kill(-(child.pid ?? Number.NaN), 'SIGKILL');
      await closed;
    },
  };
}

function start(parameters: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', 'local/start.ts', ...parameters], {
    cwd: project,
    // In its own process group, so that a test can kill the whole group.
    detached: true,
    env: { ...env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  return () => text;
}
