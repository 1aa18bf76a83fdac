import type { InboxDatabase } from '../database.ts';

/** What is sent: the input of ExecuteStatement. */
export interface DataApiStatement {
  readonly resourceArn: string;
  readonly secretArn: string;
  readonly database: string;
  /** From BeginTransaction. Only `purgeInbox` and `createInbox` work without one. */
  readonly transactionId?: string;
  readonly sql: string;
  readonly parameters: { name: string; value: { stringValue: string } }[];
  readonly includeResultMetadata: true;
}

/** What is read of the answer. */
export interface DataApiAnswer {
  readonly records?: readonly (readonly { readonly stringValue?: string | undefined }[])[] | undefined;
  readonly columnMetadata?: readonly { readonly name?: string | undefined }[] | undefined;
}

/**
 * A transaction of the RDS Data API. `execute` sends ExecuteStatement, for example
 * `(input) => client.send(new ExecuteStatementCommand(input))`.
 */
export function fromDataApi(
  execute: (input: DataApiStatement) => Promise<DataApiAnswer>,
  target: Omit<DataApiStatement, 'sql' | 'parameters' | 'includeResultMetadata'>,
): InboxDatabase {
  return {
    async query(sql, parameters) {
      const { records = [], columnMetadata = [] } = await execute({
        ...target,
        sql: sql.replace(/\$(\d+)/g, ':p$1'),
        parameters: parameters.map((value, index) => ({
          name: `p${index + 1}`,
          value: { stringValue: value },
        })),
        includeResultMetadata: true,
      });
      return records.map((record) =>
        Object.fromEntries(
          record.map((field, index) => [columnMetadata[index]?.name ?? '', field.stringValue]),
        ),
      );
    },
  };
}
