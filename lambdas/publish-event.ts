import type { ClaimedEvent } from '../outbox/event.ts';
import { type PublishResult, publishEvents } from '../outbox/publish.ts';
import { dataApi, publisher } from './runtime/clients.ts';
import { count, text } from './runtime/environment.ts';
import { logger, withTelemetry } from './runtime/telemetry.ts';

const envelope = { eventBusName: text('EVENT_BUS_NAME'), source: text('EVENT_SOURCE') };
const publishTimeoutMs = count('PUBLISH_TIMEOUT_MS');
const services = {
  database: dataApi(count('DATABASE_TIMEOUT_MS')),
  publisher: publisher(publishTimeoutMs),
  envelope,
  now: Date.now,
};

export interface PublishEventInput {
  readonly events: readonly ClaimedEvent[];
  readonly runId: string;
  /** Milliseconds since 1970 until which the state waits for the outcomes. */
  readonly expiresAt?: number;
}

/** `Publish event`: throws when nothing of the list was published, so that the state machine retries it. */
export async function publishEvent({ events, expiresAt }: PublishEventInput): Promise<PublishResult> {
  logger.appendKeys({ eventIds: events.map(({ eventId }) => eventId) });
  // Time for the request, and for the second by which this function is ended before its state.
  return publishEvents(events, services, expiresAt && expiresAt - 2 * publishTimeoutMs);
}

export const handler = withTelemetry(publishEvent);
