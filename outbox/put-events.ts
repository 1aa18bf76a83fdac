import {
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import { classifyEntryCode, classifyPutEventsError, publishError } from './classify-failure.ts';
import { describeError } from './errors.ts';

/** The EventBridge id of an accepted entry, or the error with which it was refused. */
export type EntryResult = { readonly eventBridgeId: string } | { readonly error: Error };

export interface Publisher {
  /**
   * Sends 1 to 10 entries in one request and answers in their order.
   * @throws EventRejected, PublishFailed, BusUnavailable or PublishThrottled when the request as a whole failed.
   */
  publish(entries: readonly PutEventsRequestEntry[]): Promise<readonly EntryResult[]>;
}

export function createPublisher(client: EventBridgeClient): Publisher {
  return {
    async publish(entries) {
      const answer = await client
        .send(new PutEventsCommand({ Entries: [...entries] }))
        .catch((error: unknown) => {
          throw requestError(error);
        });
      return entries.map((_, index) => {
        const { EventId, ErrorCode, ErrorMessage } = answer.Entries?.[index] ?? {};
        if (EventId !== undefined && ErrorCode === undefined) return { eventBridgeId: EventId };
        const code = ErrorCode ?? 'NoAnswer';
        const reason = ErrorMessage ?? 'eventbridge answered without an id and without an error code';
        return { error: publishError(classifyEntryCode(code), `${code}: ${reason}`) };
      });
    },
  };
}

function requestError(error: unknown): Error {
  return publishError(classifyPutEventsError(error), describeError(error), error);
}
