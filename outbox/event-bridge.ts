import {
  DescribeEventBusCommand,
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import { BusMissing, classifyEntryCode, classifyPutEventsError, publishError } from './failure.ts';

/** EventBridge's id of an accepted entry, or the error that says why it was not accepted. */
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

/** Whether a bus, by name or ARN, is in another account or region than what `ourArn` names. */
export function isElsewhere(busName: string, ourArn: string): boolean {
  return busName.startsWith('arn:') && placeOf(busName) !== placeOf(ourArn);
}

/** The region of a bus that is named by its ARN, where its requests have to go; undefined for a bare name. */
export function regionOf(busName: string): string | undefined {
  return busName.startsWith('arn:') ? busName.split(':')[3] : undefined;
}

/**
 * Looks whether the bus exists, because PutEvents answers 200 for one that does not and drops the event. Publishing
 * must not depend on anything else that this management call may answer, so all else is only told. DescribeEventBus
 * knows the buses of the caller's account and region, so another one is not looked at.
 * @param busName name or ARN of the bus
 * @param runId ARN of the execution, which tells the account and region
 * @returns why the bus could not be looked at, if so
 * @throws BusMissing
 */
export async function checkBus(
  client: EventBridgeClient,
  busName: string,
  runId: string,
): Promise<string | undefined> {
  if (isElsewhere(busName, runId)) return undefined;
  try {
    await client.send(new DescribeEventBusCommand({ Name: busName }));
    return undefined;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') {
      throw new BusMissing(
        `event bus ${busName} does not exist: create it again, until then nothing is claimed`,
        { cause: error },
      );
    }
    return describe(error);
  }
}

/** Region and account of an ARN. */
function placeOf(arn: string): string {
  return arn.split(':').slice(3, 5).join(' ');
}

function requestError(error: unknown): Error {
  return publishError(classifyPutEventsError(error), describe(error), error);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node's network stack says what happened in `code`; the name is Error, or AggregateError with an empty message
  // when it has tried several addresses.
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const [first] = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [];
  // A timeout begins with the name of the package that noticed it.
  const message =
    error.message.replace(/^@smithy\/\S+ - \[\w+\] /, '') ||
    (first instanceof Error ? first.message : 'no reason was given');
  return `${/^(Aggregate)?Error$/.test(error.name) ? (code ?? error.name) : error.name}: ${message}`;
}
