import { type InboxEvent, readEvent } from './event.ts';

/** What is read of a message that Lambda received from SQS. */
export interface SqsMessage {
  readonly messageId: string;
  readonly body: string;
}

/** Lambda deletes the other messages and gives these back to the queue. */
export interface SqsBatchAnswer {
  readonly batchItemFailures: { readonly itemIdentifier: string }[];
}

export interface SqsBatchOptions {
  /**
   * Receives why a message goes back to the queue: `OutOfOrder` is normal, other errors are yours.
   * @default writes it to the console, `OutOfOrder` as information
   */
  readonly onFailure?: (error: unknown, messageId: string) => void;
}

/**
 * Hands each message's body to `process`, ordered ones in the order of their sequences, and answers which have to come
 * back. After a failure, the later messages of the same ordering key come back too, without an attempt.
 */
export async function handleSqsBatch(
  { Records }: { readonly Records: readonly SqsMessage[] },
  process: (body: string) => Promise<unknown>,
  { onFailure = log }: SqsBatchOptions = {},
): Promise<SqsBatchAnswer> {
  const failed: string[] = [];
  const failedKeys = new Set<string>();
  const fail = (error: unknown, messageId: string, key?: string) => {
    failed.push(messageId);
    if (key !== undefined) failedKeys.add(key);
    onFailure(error, messageId);
  };
  const messages = Records.flatMap(({ messageId, body }) => {
    try {
      const event = readEvent(body);
      return [{ messageId, body, key: keyOf(event), sequence: event.place?.sequence ?? 0 }];
    } catch (error) {
      fail(error, messageId);
      return [];
    }
  });
  for (const { messageId, body, key } of messages.sort((one, other) => one.sequence - other.sequence)) {
    if (key !== undefined && failedKeys.has(key)) {
      failed.push(messageId);
      continue;
    }
    try {
      await process(body);
    } catch (error) {
      fail(error, messageId, key);
    }
  }
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

function keyOf({ source, place }: InboxEvent): string | undefined {
  return place === undefined ? undefined : JSON.stringify([source, place.orderingKey]);
}

function log(error: unknown, messageId: string): void {
  if (error instanceof Error && error.name === 'OutOfOrder') console.info(messageId, error.message);
  else console.error(messageId, error);
}
