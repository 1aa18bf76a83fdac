import { exitCodes } from '../cli/exit-codes.ts';
import { DatabaseUnreachable, InvalidDatabaseUrl } from '../twin/postgres/postgres.ts';
import { InvalidContext } from './synthesize.ts';

/** Exit codes after a signal that arrived before the twin was ready, or a second one: 128 plus its number, as a shell reports it. */
export const interruptions = { SIGINT: 130, SIGTERM: 143 } as const;

export type ExitCode =
  | (typeof exitCodes)[keyof typeof exitCodes]
  | (typeof interruptions)[keyof typeof interruptions];

export function exitCodeOf(error: Error): ExitCode {
  if (error instanceof InvalidDatabaseUrl || error instanceof InvalidContext) return exitCodes.usage;
  return error instanceof DatabaseUnreachable ? exitCodes.unreachable : exitCodes.failed;
}
