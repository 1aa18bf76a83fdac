import type { Command } from 'commander';
import { type Clients, createClients } from './clients.ts';
import { createOutput, type Output } from './output.ts';
import { resolveTarget, type Target, type TargetOptions } from './target.ts';

/** Everything that a command uses. */
export interface Context extends Clients {
  readonly target: Target;
  readonly output: Output;
}

/** Finds the target before the command starts its own work. */
export function withContext<Given extends unknown[]>(
  work: (context: Context, ...given: Given) => Promise<void>,
): (...given: [...Given, Command]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command;
    const options = command.optsWithGlobals<TargetOptions & { json?: true }>();
    const output = createOutput(options.json === true);
    const target = await resolveTarget(options, process.env);
    await work({ ...createClients(target), target, output }, ...(given.slice(0, -1) as Given));
  };
}

/** Examples that can be run as printed: in a pipe, npm must not print the command that it runs. */
export function examples(...lines: readonly string[]): string {
  const shown = lines.map((line) => `  $ npm run ${line.includes('|') ? '--silent ' : ''}outbox -- ${line}`);
  return `\nExamples:\n${shown.join('\n')}`;
}
