import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { BenchEvent } from './events.ts';

/** More than any contender's requests in flight, so that no request waits for a socket. */
const MAX_SOCKETS = 500;

export const EVENT_BUS_NAME = 'bench';

/** The client that every contender uses to publish. */
export function createBus(endpoint: string): EventBridgeClient {
  return new EventBridgeClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    requestHandler: { httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS } },
  });
}

/** The entry as the guide creates it. */
function toEntry({ id, aggregateId, eventType, payload }: BenchEvent): PutEventsRequestEntry {
  return {
    EventBusName: EVENT_BUS_NAME,
    Source: 'bench.outbox',
    DetailType: eventType,
    Detail: JSON.stringify({ ...payload, aggregateId, eventId: id }),
  };
}

/** Publishes 1 to 10 events in one request. @throws when one of them was refused */
export async function publish(bus: EventBridgeClient, events: readonly BenchEvent[]): Promise<void> {
  const { FailedEntryCount } = await bus.send(new PutEventsCommand({ Entries: events.map(toEntry) }));
  if (FailedEntryCount) throw new Error(`eventbridge refused ${FailedEntryCount} of ${events.length} events`);
}

/** Splits the list into parts of this size. */
export function chunks<T>(list: readonly T[], size: number): readonly T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}
