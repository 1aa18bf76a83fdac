import { type BenchPostgres, startBenchPostgres } from '../postgres.ts';
import { type Endpoint, startEndpoint } from './endpoint.ts';
import { type StatementCounter, startStatementCounter } from './statements.ts';

/** The environment of every contender: one server and one publisher endpoint. */
export interface Stage {
  readonly postgres: BenchPostgres;
  readonly endpoint: Endpoint;
  readonly statements: StatementCounter;
}

/** Runs work on its own stage and always removes the stage afterwards. */
export async function onStage<T>(
  report: (step: string) => void,
  work: (stage: Stage) => Promise<T>,
): Promise<T> {
  const cleanUp: (() => Promise<void>)[] = [];
  try {
    const postgres = await startBenchPostgres(report);
    cleanUp.push(postgres.stop);
    const endpoint = await startEndpoint();
    cleanUp.push(endpoint.stop);
    const statements = await startStatementCounter(await postgres.createDatabase('observer'));
    cleanUp.push(statements.stop);
    return await work({ postgres, endpoint, statements });
  } finally {
    for (const undo of cleanUp.reverse()) {
      await undo().catch((error: Error) => report(`could not be stopped: ${error.message}`));
    }
  }
}
