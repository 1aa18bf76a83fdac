import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { parametersOf } from '../support/data-api-parameters.ts';
import { coldStart, databaseEnvironment, invoke, logsIn } from '../support/handler.ts';
import { networkError } from '../support/service-error.ts';

const rdsData = mockClient(RDSDataClient);
const eventBridge = mockClient(EventBridgeClient);
const environment = {
  ...databaseEnvironment,
  EVENT_BUS_NAME: 'bellyfed-events',
  EVENT_SOURCE: 'bellyfed.outbox',
  PUBLISH_TIMEOUT_MS: '2500',
};
const event = {
  eventId: '0b5e9a52-8f5c-4a52-9f5e-0d8a5c8f5c4a',
  eventType: 'DishRated',
  detail: '{"stars": 12345678901234567890.50}',
  createdAt: '2026-11-23T12:00:00.123Z',
  attempts: 1,
};
const input = { events: [event], runId: 'arn:execution' };

beforeEach(() => {
  rdsData.reset();
  eventBridge.reset();
  eventBridge.on(PutEventsCommand).resolves({ FailedEntryCount: 0, Entries: [{ EventId: 'eb-1' }] });
});

describe('publish-event', () => {
  test('publish-event sends the entry and returns one outcome per event', async () => {
    const { result } = await invoke(await coldStart('publish-event', environment), input);

    expect(result).toEqual({
      published: [{ eventId: event.eventId, eventBridgeId: 'eb-1' }],
      failed: [],
    });
    expect(eventBridge.commandCalls(PutEventsCommand)[0]?.args[0].input).toEqual({
      Entries: [
        {
          EventBusName: 'bellyfed-events',
          Source: 'bellyfed.outbox',
          DetailType: 'DishRated',
          Detail: event.detail,
          Time: new Date(event.createdAt),
        },
      ],
    });
  });

  test('publish-event sends nothing when the request could end after its function or when the clocks differ', async () => {
    const handler = await coldStart('publish-event', environment);

    const late = await invoke(handler, { ...input, expiresAt: Date.now() + 4_000 });
    expect(late.error).toMatchObject({
      name: 'BusUnavailable',
      message: expect.stringMatching(/^CallExpired: /),
    });
    expect(eventBridge.commandCalls(PutEventsCommand)).toEqual([]);

    const early = await invoke(handler, { ...input, sentAt: Date.now() + 60_000 });
    expect(early.error).toMatchObject({
      name: 'BusUnavailable',
      message: expect.stringMatching(/^ClocksDiffer: sent at .* received at /),
    });
    expect(eventBridge.commandCalls(PutEventsCommand)).toEqual([]);

    const inTime = await invoke(handler, { ...input, expiresAt: Date.now() + 60_000 });
    expect(inTime.error).toBeUndefined();
  });

  test('publish-event prints nothing when all events were published', async () => {
    const { error, printed } = await invoke(await coldStart('publish-event', environment), input);

    expect(error).toBeUndefined();
    expect(printed).toEqual([]);
  });

  test('publish-event reads a detail that travels by reference from the database', async () => {
    const detail = Buffer.from('{"large": true}');
    rdsData.on(ExecuteStatementCommand).resolves({
      records: [
        [
          { stringValue: event.eventId },
          { longValue: 812 },
          { longValue: detail.byteLength },
          { blobValue: detail },
        ],
      ],
    });
    const { detail: _, ...rest } = event;
    const byReference = { bytes: detail.byteLength, version: 812 };

    await invoke(await coldStart('publish-event', environment), {
      ...input,
      events: [{ ...rest, byReference }],
    });

    expect(parametersOf(rdsData.commandCalls(ExecuteStatementCommand)[0]?.args[0].input)).toEqual({
      slices: JSON.stringify([{ eventId: event.eventId, first: 0, last: 0 }]),
    });
    expect(eventBridge.commandCalls(PutEventsCommand)[0]?.args[0].input.Entries?.[0]?.Detail).toBe(
      '{"large": true}',
    );
  });

  test.each([
    ['MalformedDetail', 'EventRejected'],
    ['InternalFailure', 'PublishFailed'],
    ['ThrottlingException', 'PublishThrottled'],
  ])('an entry with %s throws %s, the name that the state machine matches', async (ErrorCode, name) => {
    eventBridge.on(PutEventsCommand).resolves({ Entries: [{ ErrorCode, ErrorMessage: 'why' }] });

    const invocation = await invoke(await coldStart('publish-event', environment), input);

    expect(invocation.error).toMatchObject({ name, message: `${ErrorCode}: why` });
    expect(logsIn(invocation)).toMatchObject([
      { level: 'ERROR', executionId: 'arn:execution', eventIds: [event.eventId], error: { name } },
    ]);
  });

  test('a lost connection is reported as BusUnavailable', async () => {
    eventBridge.on(PutEventsCommand).rejects(networkError('ECONNRESET'));

    const { error } = await invoke(await coldStart('publish-event', environment), input);

    expect(error).toMatchObject({ name: 'BusUnavailable' });
  });

  test('the log keys of one invocation do not appear in the next', async () => {
    const handler = await coldStart('publish-event', environment);
    eventBridge.on(PutEventsCommand).resolves({ Entries: [{ ErrorCode: 'InternalFailure' }] });

    await invoke(handler, input);
    const second = await invoke(handler, { events: [{ ...event, eventId: 'another' }] });

    expect(logsIn(second)).toMatchObject([{ eventIds: ['another'] }]);
    expect(logsIn(second)[0]).not.toHaveProperty('executionId');
  });
});
