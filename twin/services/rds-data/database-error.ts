import pg from 'pg';
import { AwsError } from '../../http/aws-error.ts';

/** The error of the Data API for an error of PostgreSQL or of the connection to it. */
export function databaseError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  if (error instanceof pg.DatabaseError) {
    if (error.message.includes('cannot insert multiple commands')) {
      return new AwsError('ValidationException', "Multistatements aren't supported.");
    }
    // Class 28: an unknown role, a wrong password, a role that may not sign in. 3D000: no such database.
    if (error.code?.startsWith('28') || error.code === '3D000') {
      return new AwsError('BadRequestException', `FATAL: ${error.message}; SQLState: ${error.code}`);
    }
    const position = error.position === undefined ? '' : ` Position: ${error.position};`;
    return new AwsError(
      'DatabaseErrorException',
      `ERROR: ${error.message};${position} SQLState: ${error.code}`,
    );
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new AwsError('DatabaseUnavailableException', `the database does not answer: ${reason}`, 504);
}
