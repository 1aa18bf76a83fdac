import { DatabaseUnreachable, InvalidDatabaseUrl } from '../twin/postgres/postgres.ts';

/** The same as the CLI's. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, unreachable: 3 } as const;

/** A signal before the twin was ready, or once more to stop at once: 128 and its number, as a shell reports it. */
export const interruptions = { SIGINT: 130, SIGTERM: 143 } as const;

export type ExitCode =
  | (typeof exitCodes)[keyof typeof exitCodes]
  | (typeof interruptions)[keyof typeof interruptions];

export function exitCodeOf(error: Error): ExitCode {
  if (error instanceof InvalidDatabaseUrl) return exitCodes.usage;
  return error instanceof DatabaseUnreachable ? exitCodes.unreachable : exitCodes.failed;
}
