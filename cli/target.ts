import * as z from 'zod';
import type { OutputName } from '../infra/outputs.ts';
import { Unreachable, WrongUsage } from './exit-codes.ts';
import { readStack } from './stack.ts';

/** The names that a command may need, and the flag for each. */
const nameFlags = {
  clusterArn: '--cluster-arn',
  secretArn: '--secret-arn',
  producerSecretArn: '--secret-arn',
  operatorSecretArn: '--secret-arn',
  database: '--database',
  eventBusName: '--bus-name',
  processorArn: '--processor-arn',
  redriveArn: '--redrive-arn',
  replayArn: '--replay-arn',
  cleanupArn: '--cleanup-arn',
} as const satisfies Record<Name, string>;
export type Name = OutputName;
export type Names = Partial<Record<Name, string>>;

export interface TargetOptions {
  /** The URL of the twin. */
  readonly local?: string;
  readonly stack?: string;
  readonly clusterArn?: string;
  readonly secretArn?: string;
  readonly database?: string;
  readonly busName?: string;
  readonly processorArn?: string;
  readonly redriveArn?: string;
  readonly replayArn?: string;
  readonly cleanupArn?: string;
}

/** The outbox that a command works on. */
export interface Target {
  /** The name for messages. */
  readonly place: string;
  /** Absent on AWS. */
  readonly localUrl?: string;
  /** Absent when the region comes from the environment. */
  readonly region?: string;
  /** @throws WrongUsage that names the flag for the missing value */
  need(name: Name): string;
  /** Undefined where a stack of an earlier release has no such output. */
  find(name: Name): string | undefined;
}

export const defaultLocalUrl = 'http://127.0.0.1:4566';

/** The twin or the AWS account according to flags and environment, before any request. */
export function placeOf(options: TargetOptions, environment: NodeJS.ProcessEnv): string {
  const localUrl = localUrlOf(options, environment);
  return localUrl === undefined ? 'AWS' : `the twin at ${localUrl} (npm start)`;
}

export async function resolveTarget(options: TargetOptions, environment: NodeJS.ProcessEnv): Promise<Target> {
  const given = explicitNames(options);
  const place = placeOf(options, environment);
  const localUrl = localUrlOf(options, environment);
  if (localUrl !== undefined) {
    const { region, ...found } = await readHealth(localUrl);
    return target({ place, localUrl, region }, { ...found, ...given }, 'give');
  }
  // Names in single flags are for an outbox without its own stack: nothing else is looked up.
  if (Object.keys(given).length > 0 && options.stack === undefined) return target({ place }, given, 'give');
  const stack = options.stack ?? 'outbox';
  const found = await readStack(stack);
  return target({ place }, { ...found, ...given }, `the stack ${stack} has no such output: give`);
}

function target(base: Omit<Target, 'find' | 'need'>, names: Names, remedy: string): Target {
  // A stack of an earlier release has no role that may only read.
  const find = (name: Name) => names[name] ?? (name === 'operatorSecretArn' ? names.secretArn : undefined);
  return {
    ...base,
    find,
    need(name) {
      const value = find(name);
      if (value === undefined)
        throw new WrongUsage(`this command needs ${name}: ${remedy} ${nameFlags[name]}`);
      return value;
    },
  };
}

function localUrlOf({ local, stack }: TargetOptions, environment: NodeJS.ProcessEnv): string | undefined {
  if (local === undefined) return stack === undefined ? loopbackUrl(environment) : undefined;
  if (stack !== undefined)
    throw new WrongUsage('give --local for the twin or --stack for an account, received both');
  return httpUrl(local, '--local').origin;
}

function httpUrl(value: string, source: string): URL {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol))
    throw new WrongUsage(`${source} is "${value}": expected a URL such as ${defaultLocalUrl}`);
  return new URL(value);
}

/** The URL in AWS_ENDPOINT_URL, which all SDKs use, if it is on this machine. */
export function loopbackUrl(environment: NodeJS.ProcessEnv): string | undefined {
  const url = environment['AWS_ENDPOINT_URL'];
  if (!url) return undefined;
  const { hostname, origin } = httpUrl(url, 'AWS_ENDPOINT_URL');
  return /^(127(\.\d+){3}|localhost|\[::1\])$/.test(hostname) ? origin : undefined;
}

function explicitNames(options: TargetOptions): Names {
  const { clusterArn, secretArn, database, busName, processorArn, redriveArn, replayArn, cleanupArn } =
    options;
  const names = {
    clusterArn,
    secretArn,
    producerSecretArn: secretArn,
    operatorSecretArn: secretArn,
    database,
    eventBusName: busName,
    processorArn,
    redriveArn,
    replayArn,
    cleanupArn,
  };
  return Object.fromEntries(Object.entries(names).filter(([, value]) => value !== undefined));
}

const health = z.object({
  region: z.string(),
  clusterArn: z.string(),
  secretArn: z.string(),
  processorSecretArn: z.string().optional(),
  producerSecretArn: z.string().optional(),
  operatorSecretArn: z.string().optional(),
  database: z.string(),
  eventBusName: z.string(),
  stateMachines: z.record(z.string(), z.string()),
});

async function readHealth(url: string): Promise<Names & { region: string }> {
  const response = await fetch(`${url}/_local/health`, { signal: AbortSignal.timeout(5_000) });
  const { success, data } = health.safeParse(await response.json().catch(() => undefined));
  // A twin whose database is down answers 503 too, but with its names: what it is asked for says what is wrong.
  if (!success && response.status === 503)
    throw new Unreachable(`the twin at ${url} is starting: try again in a few seconds`);
  if (!success) throw new Unreachable(`something answers at ${url}, but it is not the twin (npm start)`);
  const {
    stateMachines,
    secretArn,
    processorSecretArn = secretArn,
    producerSecretArn = secretArn,
    operatorSecretArn,
    ...names
  } = data;
  const machine = (suffix: string) =>
    Object.entries(stateMachines).find(([name]) => name.endsWith(suffix))?.[1];
  const [processorArn, redriveArn, replayArn, cleanupArn] = [
    '-processor',
    '-redrive',
    '-replay',
    '-cleanup',
  ].map(machine);
  return {
    ...names,
    // As on AWS, where no command needs the owner.
    secretArn: processorSecretArn,
    producerSecretArn,
    ...(operatorSecretArn && { operatorSecretArn }),
    ...(processorArn && { processorArn }),
    ...(redriveArn && { redriveArn }),
    ...(replayArn && { replayArn }),
    ...(cleanupArn && { cleanupArn }),
  };
}
