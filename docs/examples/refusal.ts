import { DatabaseErrorException } from '@aws-sdk/client-rds-data';
import pg from 'pg';

/** The name of the constraint that refused the event, or undefined when it was something else. */
export function refusingConstraint(error: unknown): string | undefined {
  if (error instanceof pg.DatabaseError) return error.constraint;
  if (error instanceof DatabaseErrorException) return /constraint "([^"]+)"/.exec(error.message)?.[1];
  // Drizzle wraps the error of pg.
  return error instanceof Error && error.cause !== undefined ? refusingConstraint(error.cause) : undefined;
}
