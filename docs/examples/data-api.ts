import {
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  type RDSDataClient,
  RollbackTransactionCommand,
} from '@aws-sdk/client-rds-data';

/** The cluster, and the secret of a user who may write dishes and events. */
export interface Cluster {
  readonly resourceArn: string;
  readonly secretArn: string;
}

/** The dish and its event are committed together, or neither is. */
export async function addDish(
  client: RDSDataClient,
  cluster: Cluster,
  database: string,
  dish: { id: string; name: string },
): Promise<void> {
  const { transactionId } = await client.send(new BeginTransactionCommand({ ...cluster, database }));
  const transaction = { ...cluster, transactionId };
  const execute = (sql: string, parameters: Readonly<Record<string, string>>) =>
    client.send(
      new ExecuteStatementCommand({
        ...transaction,
        database,
        sql,
        parameters: Object.entries(parameters).map(([name, stringValue]) => ({
          name,
          value: { stringValue },
        })),
      }),
    );
  try {
    await execute('insert into dishes (id, name) values (:id, :name)', dish);
    await execute(
      `insert into outbox_events (aggregate_id, event_type, payload)
       values (:aggregateId, :eventType, cast(:payload as jsonb))`,
      { aggregateId: dish.id, eventType: 'dish.created', payload: JSON.stringify({ name: dish.name }) },
    );
    await client.send(new CommitTransactionCommand(transaction));
  } catch (error) {
    await client.send(new RollbackTransactionCommand(transaction)).catch(() => undefined);
    throw error;
  }
}
