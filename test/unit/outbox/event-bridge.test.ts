import {
  DescribeEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { createPublisher } from '../../../outbox/event-bridge.ts';
import { BusUnavailable, EventRejected, PublishFailed } from '../../../outbox/failure.ts';
import { networkError, serviceError } from '../../support/service-error.ts';

const client = new EventBridgeClient({ region: 'us-east-1' });
const eventBridge = mockClient(client);
const entry = { Source: 'bellyfed.outbox', DetailType: 'DishRated', Detail: '{}' };

let now = 0;
const publisher = () => createPublisher(client, 'bellyfed-events', { now: () => now, random: () => 0.5 });
const busChecks = () => eventBridge.commandCalls(DescribeEventBusCommand).length;
const requests = () => eventBridge.commandCalls(PutEventsCommand).length;

beforeEach(() => {
  now = 1_000_000;
  eventBridge.reset();
  eventBridge.on(DescribeEventBusCommand).resolves({ Name: 'bellyfed-events' });
  eventBridge.on(PutEventsCommand).resolves({ FailedEntryCount: 0, Entries: [{ EventId: 'eb-1' }] });
});

describe('the publisher', () => {
  test('answers in the order of the entries', async () => {
    eventBridge.on(PutEventsCommand).resolves({
      FailedEntryCount: 1,
      Entries: [
        { EventId: 'eb-1' },
        { ErrorCode: 'InternalFailure', ErrorMessage: 'try again' },
        { EventId: 'eb-3' },
      ],
    });

    const results = await publisher().publish([entry, entry, entry]);

    expect(results).toEqual([
      { eventBridgeId: 'eb-1' },
      { error: new PublishFailed('InternalFailure: try again') },
      { eventBridgeId: 'eb-3' },
    ]);
    expect(eventBridge.commandCalls(PutEventsCommand)[0]?.args[0].input.Entries).toEqual([
      entry,
      entry,
      entry,
    ]);
  });

  test.each([
    ['MalformedDetail', EventRejected],
    ['InternalFailure', PublishFailed],
    ['ThrottlingException', BusUnavailable],
  ])('turns the entry code %s into its kind of error', async (ErrorCode, errorClass) => {
    eventBridge.on(PutEventsCommand).resolves({ Entries: [{ ErrorCode, ErrorMessage: 'why' }] });

    const [result] = await publisher().publish([entry]);

    expect(result).toEqual({ error: new errorClass(`${ErrorCode}: why`) });
    expect(result !== undefined && 'error' in result && result.error).toBeInstanceOf(errorClass);
  });

  test.each<[string, readonly PutEventsResultEntry[] | undefined]>([
    ['with neither an id nor a code', [{}]],
    ['that is missing', []],
    ['that is missing with all others', undefined],
  ])('takes an entry %s for unpublished', async (_, answers) => {
    eventBridge.on(PutEventsCommand).resolves(answers === undefined ? {} : { Entries: [...answers] });

    const [result] = await publisher().publish([entry]);

    expect(result).toMatchObject({
      error: { name: 'PublishFailed', message: expect.stringMatching(/^NoAnswer: /) },
    });
  });

  test('takes an entry with an id and a code for unpublished', async () => {
    eventBridge
      .on(PutEventsCommand)
      .resolves({ Entries: [{ EventId: 'eb-1', ErrorCode: 'InternalFailure' }] });

    expect(await publisher().publish([entry])).toMatchObject([{ error: { name: 'PublishFailed' } }]);
  });

  test.each([
    [serviceError('ThrottlingException', 400), BusUnavailable],
    [serviceError('InternalException', 500), BusUnavailable],
    [serviceError('AccessDeniedException', 400), BusUnavailable],
    [networkError('ECONNREFUSED'), BusUnavailable],
    [serviceError('TimeoutError'), BusUnavailable],
    [serviceError('ValidationException', 400), EventRejected],
    [serviceError('AnErrorOfTheFuture', 418), PublishFailed],
  ])('wraps %s of the whole request and keeps it as the cause', async (cause, errorClass) => {
    eventBridge.on(PutEventsCommand).rejects(cause);

    const error: unknown = await publisher()
      .publish([entry])
      .catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(errorClass);
    expect(error).toMatchObject({ message: `${cause.name}: ${cause.message}`, cause });
  });
});

describe('the bus', () => {
  test('is looked at before the first request and again a minute and some later, not before', async () => {
    const { publish } = publisher();

    await publish([entry]);
    now += 74_999;
    await publish([entry]);
    expect(busChecks()).toBe(1);

    now += 1;
    await publish([entry]);
    expect(busChecks()).toBe(2);
    expect(eventBridge.commandCalls(DescribeEventBusCommand)[0]?.args[0].input).toEqual({
      Name: 'bellyfed-events',
    });
  });

  test('that too many look at is published to all the same, and looked at later', async () => {
    const { publish } = publisher();
    eventBridge.on(DescribeEventBusCommand).rejects(serviceError('ThrottlingException', 400));

    await publish([entry]);
    await publish([entry]);

    expect(eventBridge.commandCalls(PutEventsCommand)).toHaveLength(2);
    expect(busChecks()).toBe(1);
  });

  test('that is missing is an outage, and nothing is sent: EventBridge would accept and drop it', async () => {
    const cause = serviceError('ResourceNotFoundException', 400);
    eventBridge.on(DescribeEventBusCommand).rejects(cause);

    const error: unknown = await publisher()
      .publish([entry])
      .catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(BusUnavailable);
    expect(error).toMatchObject({
      message: 'BusMissing: event bus bellyfed-events does not exist: create it again',
      cause,
    });
    expect(requests()).toBe(0);
  });

  test('that was missing is looked at again by the next request', async () => {
    const { publish } = publisher();
    eventBridge
      .on(DescribeEventBusCommand)
      .rejectsOnce(serviceError('ResourceNotFoundException', 400))
      .resolves({});

    await expect(publish([entry])).rejects.toThrow(BusUnavailable);
    await publish([entry]);

    expect(busChecks()).toBe(2);
    expect(requests()).toBe(1);
  });

  test.each([serviceError('AccessDeniedException', 400), networkError('ENOTFOUND')])(
    'that cannot be looked at (%s) is an outage',
    async (cause) => {
      eventBridge.on(DescribeEventBusCommand).rejects(cause);

      await expect(publisher().publish([entry])).rejects.toMatchObject({ name: 'BusUnavailable', cause });
      expect(requests()).toBe(0);
    },
  );
});
