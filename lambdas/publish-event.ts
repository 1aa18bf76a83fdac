import { type AwaitedCall, whyNotAwaited } from '../outbox/clocks.ts';
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
};
// One for the request; one for the clock tolerance and the second by which this function ends before its state.
const neededMs = 2 * publishTimeoutMs;

export interface PublishEventInput extends AwaitedCall {
  readonly events: readonly ClaimedEvent[];
  readonly runId: string;
}

/** `Publish event`: throws when no event of the list was published, so that the state machine retries it. */
export async function publishEvent({ events, ...call }: PublishEventInput): Promise<PublishResult> {
  logger.appendKeys({ eventIds: events.map(({ eventId }) => eventId) });
  return publishEvents(events, services, () => whyNotAwaited(call, Date.now(), neededMs));
}

export const handler = withTelemetry(publishEvent);
