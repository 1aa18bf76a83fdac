import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Template } from 'aws-cdk-lib/assertions';
import { coldStart, type Environment } from '../../support/handler.ts';
import { synthesized } from '../synthesized.ts';
import { environmentOf, ourFunctions } from './wiring.ts';

const root = new URL('../../../', import.meta.url);
const handlers = readdirSync(new URL('lambdas/', root))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length));
/** The variables that Node.js and Powertools read, not our code. */
const foreign = [
  'NODE_OPTIONS',
  'POWERTOOLS_SERVICE_NAME',
  'POWERTOOLS_METRICS_NAMESPACE',
  'POWERTOOLS_LOG_LEVEL',
];

let template: Template;

beforeAll(async () => {
  template = await synthesized();
}, 60_000);

/** Starts a handler with an empty environment and adds each missing variable until it starts. */
async function variablesRead(handler: string): Promise<string[]> {
  const environment: Record<string, string> = {};
  for (;;) {
    const missing = await startWith(handler, environment);
    if (missing === undefined) return Object.keys(environment).sort();
    environment[missing] = '1';
  }
}

/** The variable that the handler misses at its start. */
async function startWith(handler: string, environment: Environment): Promise<string | undefined> {
  try {
    await coldStart(handler, environment);
    return undefined;
  } catch (error) {
    const missing = /^environment variable (\w+) is missing/.exec((error as Error).message)?.[1];
    if (missing === undefined) throw error;
    return missing;
  }
}

function variablesSet(handler: string): string[] {
  return Object.keys(environmentOf(ourFunctions(template)[handler] ?? {}))
    .filter((name) => !foreign.includes(name))
    .sort();
}

describe('the environment of the functions', () => {
  test('every handler has one function with an environment', () => {
    expect(Object.keys(ourFunctions(template)).sort()).toEqual([...handlers].sort());
  });

  // Jest cannot import SQL files, so migrate has its own test below.
  test.each(handlers.filter((handler) => handler !== 'migrate'))(
    'the environment of %s is exactly what its handler reads when it starts',
    async (handler) => {
      expect(variablesSet(handler)).toEqual(await variablesRead(handler));
    },
  );

  test('the environment of migrate is what its source names and what the database client reads', () => {
    const source = readFileSync(new URL('lambdas/migrate.ts', root), 'utf8');
    const named = [...source.matchAll(/\b(?:text|count)\('(\w+)'\)/g)].map(([, name = '']) => name);

    expect(variablesSet('migrate')).toEqual([...named, 'CLUSTER_ARN', 'DATABASE_NAME', 'SECRET_ARN'].sort());
  });

  test('the environment is only read when a handler starts, so that a mistake fails the cold start', () => {
    const files = ['outbox/', 'lambdas/', 'lambdas/runtime/', 'database/'].flatMap((folder) =>
      readdirSync(new URL(folder, root))
        .filter((file) => file.endsWith('.ts'))
        .map((file) => `${folder}${file}`),
    );
    const reading = files.filter((file) => readFileSync(new URL(file, root), 'utf8').includes('process.env'));

    expect(reading).toEqual(['lambdas/runtime/environment.ts']);
  });

  test.each(handlers)('the environment of %s is not read inside its step', (handler) => {
    const source = readFileSync(new URL(`lambdas/${handler}.ts`, root), 'utf8');
    const step = source.slice(source.indexOf('export async function'));

    expect(step).not.toMatch(/\b(text|count)\('/);
  });
});
