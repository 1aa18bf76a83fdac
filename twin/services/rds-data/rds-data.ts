import type { Operations } from '../../http/aws-protocols.ts';
import { batchExecuteStatement } from './batch-execute-statement.ts';
import { createConnections, type RdsDataOptions } from './connections.ts';
import { executeStatement } from './execute-statement.ts';

export interface RdsData {
  readonly operations: Operations;
  /** Requests so far. */
  calls(): number;
  stop(): Promise<void>;
}

/** The RDS Data API in front of a real PostgreSQL, with the Data API's types, limits and error texts. */
export function createRdsData(options: RdsDataOptions): RdsData {
  const connections = createConnections(options);
  const { begin, end, calls, stop } = connections;
  return {
    operations: {
      ExecuteStatement: executeStatement(connections),
      BatchExecuteStatement: batchExecuteStatement(connections),
      BeginTransaction: async (request) => ({ transactionId: await begin(request) }),
      async CommitTransaction(request) {
        await end(request, 'commit');
        return { transactionStatus: 'Transaction Committed' };
      },
      async RollbackTransaction(request) {
        await end(request, 'rollback');
        return { transactionStatus: 'Rollback Complete' };
      },
    },
    calls,
    stop,
  };
}
