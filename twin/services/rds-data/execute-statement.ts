import type { Operation } from '../../http/aws-protocols.ts';
import type { Connections } from './connections.ts';
import { answer, readAnswerOptions } from './result-set.ts';
import { bind, execute, readSql } from './statement.ts';

export function executeStatement({ withConnection }: Connections): Operation {
  return async (request) => {
    const options = readAnswerOptions(request);
    const statement = bind(readSql(request), request.list('parameters'));
    return withConnection(request, async (run) =>
      answer(await execute(run, statement), options, (text, values) =>
        execute(run, { text, values: [...values] }),
      ),
    );
  };
}
