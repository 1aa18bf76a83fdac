import type { ClaimedEvent } from '../outbox/event.ts';
import { type PublishResult, publishEvents } from '../outbox/publish.ts';
import { dataApi, publisher } from './runtime/clients.ts';
import { count, text } from './runtime/environment.ts';
import { logger, withTelemetry } from './runtime/telemetry.ts';

const envelope = { eventBusName: text('EVENT_BUS_NAME'), source: text('EVENT_SOURCE') };
const services = {
  database: dataApi(count('DATABASE_TIMEOUT_MS')),
  publisher: publisher(count('PUBLISH_TIMEOUT_MS')),
  envelope,
};

export interface PublishEventInput {
  readonly events: readonly ClaimedEvent[];
  readonly runId: string;
}

/** `Publish event`: throws when nothing of the list was published, so that the state machine retries it. */
export async function publishEvent({ events }: PublishEventInput): Promise<PublishResult> {
  logger.appendKeys({ eventIds: events.map(({ eventId }) => eventId) });
  return publishEvents(events, services);
}

export const handler = withTelemetry(publishEvent);
