import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { checkBus, regionOf } from '../../outbox/check-bus.ts';
import { createDataApi, type TransactionalDataApi } from '../../outbox/data-api.ts';
import { createPublisher, type Publisher } from '../../outbox/put-events.ts';
import { text } from './environment.ts';
import { RequestHandler } from './request-handler.ts';
import { traced } from './trace.ts';

// The state machine retries, so the SDK must not: a statement that the SDK repeats could overlap the first
// one. The timeout of a call is shorter than that of its function.
const oneAttempt = (timeoutMs: number) => ({ maxAttempts: 1, requestHandler: new RequestHandler(timeoutMs) });

/** The outbox database, with a timeout in milliseconds for one call. */
export function dataApi(requestTimeoutMs: number): TransactionalDataApi {
  return createDataApi(new RDSDataClient(oneAttempt(requestTimeoutMs)), {
    resourceArn: text('CLUSTER_ARN'),
    secretArn: text('SECRET_ARN'),
    database: text('DATABASE_NAME'),
  });
}

/** The event bus, with a timeout in milliseconds for one call. */
export function publisher(requestTimeoutMs: number): Publisher {
  return traced(createPublisher(eventBridge(requestTimeoutMs)));
}

/** Checks that the event bus exists, with a timeout in milliseconds: see {@link checkBus}. */
export function busCheck(requestTimeoutMs: number): (runId: string) => Promise<string | undefined> {
  const client = eventBridge(requestTimeoutMs);
  const busName = text('EVENT_BUS_NAME');
  return (runId) => checkBus(client, busName, runId);
}

function eventBridge(requestTimeoutMs: number): EventBridgeClient {
  const region = regionOf(text('EVENT_BUS_NAME'));
  return new EventBridgeClient({ ...oneAttempt(requestTimeoutMs), ...(region !== undefined && { region }) });
}
