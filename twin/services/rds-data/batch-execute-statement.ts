import type { Operation } from '../../http/aws-protocols.ts';
import type { Connections } from './connections.ts';
import { bind, execute, readSql } from './statement.ts';

export function batchExecuteStatement({ withConnection }: Connections): Operation {
  return async (request) => {
    const sql = readSql(request);
    const sets = request.list('parameterSets');
    // All parameter sets are read before the first statement runs.
    const statements = (sets.length > 0 ? sets : [[]]).map((set) => bind(sql, set));
    return withConnection(request, async (run) => {
      for (const statement of statements) await execute(run, statement);
      return { updateResults: sets.map(() => ({ generatedFields: [] })) };
    });
  };
}
