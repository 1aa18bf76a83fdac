import {
  DescribeEventBusCommand,
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import { classifyEntryCode, classifyPutEventsError, isThrottling, publishError } from './failure.ts';

// PutEvents answers 200 for a bus that does not exist and drops the event, so somebody has to look. Not all
// environments in the same moment: they were started by the same tick, and the account has few looks a second.
const BUS_CHECK_INTERVAL_MS = 60_000;
const BUS_CHECK_SPREAD_MS = 30_000;

/** EventBridge's id of an accepted entry, or the error that says why it was not accepted. */
export type EntryResult = { readonly eventBridgeId: string } | { readonly error: Error };

export interface Publisher {
  /**
   * Sends 1 to 10 entries in one request and answers in their order.
   * @throws EventRejected, PublishFailed or BusUnavailable when the request as a whole failed.
   */
  publish(entries: readonly PutEventsRequestEntry[]): Promise<readonly EntryResult[]>;
}

export function createPublisher(
  client: EventBridgeClient,
  busName: string,
  { now, random }: { readonly now: () => number; readonly random: () => number },
): Publisher {
  let nextLookAt = Number.NEGATIVE_INFINITY;

  async function checkBus(): Promise<void> {
    if (now() < nextLookAt) return;
    try {
      await client.send(new DescribeEventBusCommand({ Name: busName }));
    } catch (error) {
      if (error instanceof Error && error.name === 'ResourceNotFoundException') {
        throw publishError(
          'outage',
          `BusMissing: event bus ${busName} does not exist: create it again`,
          error,
        );
      }
      // Too many look, which says nothing about the bus: this one looks later.
      if (!(error instanceof Error && isThrottling(error.name))) throw requestError(error);
    }
    nextLookAt = now() + BUS_CHECK_INTERVAL_MS + BUS_CHECK_SPREAD_MS * random();
  }

  return {
    async publish(entries) {
      await checkBus();
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
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return publishError(classifyPutEventsError(error), reason, error);
}
