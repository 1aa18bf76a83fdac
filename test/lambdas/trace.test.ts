import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { coldStart, databaseEnvironment, invoke } from '../support/handler.ts';

const eventBridge = mockClient(EventBridgeClient);
const eventId = '0b5e9a52-8f5c-4a52-9f5e-0d8a5c8f5c4a';
const header = 'Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1;Lineage=1:7';
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

let daemon: Socket;
let documents: Record<string, unknown>[];
let arrived: () => void = () => undefined;

beforeAll(async () => {
  daemon = createSocket('udp4');
  daemon.on('message', (message) => {
    const [first = '', document = ''] = message.toString('utf8').split('\n');
    expect(JSON.parse(first)).toEqual({ format: 'json', version: 1 });
    documents.push(JSON.parse(document) as Record<string, unknown>);
    arrived();
  });
  daemon.bind(0, '127.0.0.1');
  await once(daemon, 'listening');
});
afterAll(() => void daemon.close());
beforeEach(() => {
  documents = [];
  eventBridge.reset();
  const { port } = daemon.address() as AddressInfo;
  process.env['AWS_XRAY_DAEMON_ADDRESS'] = `127.0.0.1:${port}`;
});
afterEach(() => {
  delete process.env['AWS_XRAY_DAEMON_ADDRESS'];
  delete process.env['_X_AMZN_TRACE_ID'];
});

const published = { Entries: [{ EventId: 'eb-1' }] };

/** Publishes one event that was written five seconds ago, and waits for so many documents. */
async function publish(traceHeader: string | undefined, detail: object, expected = 1) {
  const handler = await coldStart('publish-event', {
    ...databaseEnvironment,
    EVENT_BUS_NAME: 'bellyfed-events',
    EVENT_SOURCE: 'bellyfed.outbox',
    PUBLISH_TIMEOUT_MS: '1300',
  });
  if (traceHeader !== undefined) process.env['_X_AMZN_TRACE_ID'] = traceHeader;
  const createdAt = new Date(Date.now() - 5_000).toISOString();
  const event = { eventId, eventType: 'dish.rated', detail: JSON.stringify(detail), createdAt, attempts: 1 };
  const all = new Promise<void>((resolve) => {
    arrived = () => documents.length === expected && resolve();
  });
  const invocation = await invoke(handler, { events: [event], runId: 'arn:run' });
  if (expected > 0) await all;
  return invocation;
}

describe('the trace of a publisher', () => {
  test('every event gets a subsegment with OpenTelemetry names, its time in the outbox and a link to its producer', async () => {
    eventBridge.on(PutEventsCommand).resolves(published);

    const { result } = await publish(header, { eventId, traceparent });

    expect(result).toMatchObject({ published: [{ eventId, eventBridgeId: 'eb-1' }] });
    expect(documents).toEqual([
      {
        name: 'send bellyfed-events',
        id: expect.stringMatching(/^[0-9a-f]{16}$/),
        trace_id: '1-67891233-abcdef012345678912345678',
        parent_id: '463ac35c9f6413ad',
        type: 'subsegment',
        start_time: expect.any(Number),
        end_time: expect.any(Number),
        annotations: { 'messaging.message.id': eventId, 'outbox.wait.ms': expect.any(Number) },
        metadata: {
          default: {
            'messaging.system': 'aws_eventbridge',
            'messaging.operation.type': 'send',
            'messaging.operation.name': 'PutEvents',
            'messaging.destination.name': 'bellyfed-events',
            'outbox.event.type': 'dish.rated',
            'aws.eventbridge.id': 'eb-1',
          },
        },
        links: [{ trace_id: '1-4bf92f35-77b34da6a3ce929d0e0e4736', id: '00f067aa0ba902b7' }],
      },
    ]);
    const [{ annotations } = {}] = documents as { annotations?: Record<string, number> }[];
    expect(annotations?.['outbox.wait.ms']).toBeGreaterThanOrEqual(5_000);
    expect(annotations?.['outbox.wait.ms']).toBeLessThan(60_000);
  });

  test('a failure is a fault with its error, and is thrown as without a trace', async () => {
    eventBridge
      .on(PutEventsCommand)
      .resolves({ Entries: [{ ErrorCode: 'MalformedDetail', ErrorMessage: 'no' }] });
    const { error } = await publish(header, { eventId });
    expect(error).toMatchObject({ name: 'EventRejected' });

    eventBridge.on(PutEventsCommand).rejects(new Error('no connection'));
    await publish(header, { eventId, replayId: 'arn:replay' }, 2);

    expect(documents).toMatchObject([
      {
        fault: true,
        metadata: { default: { 'error.type': 'EventRejected', 'error.message': 'MalformedDetail: no' } },
      },
      {
        fault: true,
        metadata: { default: { 'error.type': 'BusUnavailable', 'outbox.replay.id': 'arn:replay' } },
      },
    ]);
    for (const document of documents) expect(document).not.toHaveProperty('links');
  });

  test.each([
    ['that is not sampled', header.replace('Sampled=1', 'Sampled=0'), undefined],
    ['without a header', undefined, undefined],
    ['without a daemon', header, ''],
    ['with a daemon whose name would have to be looked up', header, 'localhost:2000'],
  ])('nothing is sent in an invocation %s', async (_, traceHeader, address) => {
    if (address !== undefined) process.env['AWS_XRAY_DAEMON_ADDRESS'] = address;
    eventBridge.on(PutEventsCommand).resolves(published);

    const { result } = await publish(traceHeader, { eventId, traceparent }, 0);
    // A document sent before would arrive before this one.
    process.env['AWS_XRAY_DAEMON_ADDRESS'] = `127.0.0.1:${(daemon.address() as AddressInfo).port}`;
    await publish(header, { eventId: 'the next one' });

    expect(result).toMatchObject({ published: [{ eventId }] });
    expect(documents).toMatchObject([{ annotations: { 'messaging.message.id': 'the next one' } }]);
  });

  test('an address that cannot be reached costs no event', async () => {
    process.env['AWS_XRAY_DAEMON_ADDRESS'] = '127.0.0.1:0';
    eventBridge.on(PutEventsCommand).resolves(published);

    const { result, printed } = await publish(header, { eventId }, 0);

    expect(result).toMatchObject({ published: [{ eventId }] });
    expect(printed.join()).toContain('no subsegment was sent to X-Ray');
  });
});
