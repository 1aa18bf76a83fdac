import type pg from 'pg';
import { AwsError } from '../../http/aws-error.ts';
import type { RequestBody } from '../../http/request.ts';
import type { RunQuery } from './connections.ts';
import { databaseError } from './database-error.ts';
import { bindParameters, readParameter } from './sql-parameters.ts';

const MAX_SQL_CHARACTERS = 65_536;

interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

// Every value as PostgreSQL's text. The simple protocol, which pg takes without values, runs several statements.
const asText = {
  rowMode: 'array',
  queryMode: 'extended',
  types: { getTypeParser: () => (value: string) => value },
} as const;

export function readSql(request: RequestBody): string {
  if (request.has('schema'))
    throw new AwsError('ValidationException', "The schema parameter isn't supported");
  const sql = request.text('sql');
  if (sql.length <= MAX_SQL_CHARACTERS) return sql;
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value at 'sql' failed to satisfy constraint: Member must have length less than or equal to ${MAX_SQL_CHARACTERS}`,
  );
}

export function bind(sql: string, parameters: unknown): Statement {
  if (!Array.isArray(parameters))
    throw new AwsError('SerializationException', 'a parameter set must be a list of parameters');
  return bindParameters(sql, new Map(parameters.map(readParameter)));
}

export async function execute(run: RunQuery, statement: Statement): Promise<pg.QueryArrayResult> {
  try {
    return await run({ ...statement, ...asText });
  } catch (error) {
    throw databaseError(error);
  }
}
