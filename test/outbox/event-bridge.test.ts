import {
  DescribeEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { checkBus, createPublisher, isElsewhere, regionOf } from '../../outbox/event-bridge.ts';
import {
  BusMissing,
  BusUnavailable,
  EventRejected,
  PublishFailed,
  PublishThrottled,
  readFailure,
} from '../../outbox/failure.ts';
import { networkError, serviceError } from '../support/service-error.ts';

const client = new EventBridgeClient({ region: 'us-east-1' });
const eventBridge = mockClient(client);
const entry = { Source: 'bellyfed.outbox', DetailType: 'DishRated', Detail: '{}' };

const publisher = () => createPublisher(client);

beforeEach(() => {
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

  test('tells of a timeout without the package that noticed it', async () => {
    const message = '@smithy/node-http-handler - [ERROR] a request has exceeded the configured 1300 ms.';
    eventBridge.on(PutEventsCommand).rejects(serviceError('TimeoutError', undefined, message));

    await expect(publisher().publish([entry])).rejects.toMatchObject({
      name: 'BusUnavailable',
      message: 'TimeoutError: a request has exceeded the configured 1300 ms.',
    });
  });

  test.each([
    ['MalformedDetail', EventRejected],
    ['InternalFailure', PublishFailed],
    ['ThrottlingException', PublishThrottled],
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
    [serviceError('ThrottlingException', 400), PublishThrottled],
    [serviceError('InternalException', 500), BusUnavailable],
    [serviceError('AccessDeniedException', 400), BusUnavailable],
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

  test.each([
    ['one address', networkError('ECONNREFUSED')],
    [
      'several addresses',
      Object.assign(new AggregateError([networkError('ECONNREFUSED'), networkError('ENETUNREACH')]), {
        code: 'ECONNREFUSED',
      }),
    ],
  ])("names what Node's network stack says of %s", async (_, cause) => {
    eventBridge.on(PutEventsCommand).rejects(cause);

    const error = (await publisher()
      .publish([entry])
      .catch((thrown: unknown) => thrown)) as Error;

    expect(error).toBeInstanceOf(BusUnavailable);
    expect(readFailure(error.name, JSON.stringify({ errorMessage: error.message }))).toEqual({
      kind: 'outage',
      errorType: 'ECONNREFUSED',
      message: 'connect ECONNREFUSED 10.0.0.1:443',
    });
  });
});

describe('the bus', () => {
  const runId = 'arn:aws:states:eu-central-1:123456789012:express:outbox-processor:run:1';
  const check = (busName = 'bellyfed-events') => checkBus(client, busName, runId);

  test('that exists is looked at by its name, and nothing is said', async () => {
    expect(await check()).toBeUndefined();
    expect(eventBridge.commandCalls(DescribeEventBusCommand).map(({ args }) => args[0].input)).toEqual([
      { Name: 'bellyfed-events' },
    ]);
  });

  test.each([
    ['its own account and region', 'arn:aws:events:eu-central-1:123456789012:event-bus/central', 1],
    ['another account', 'arn:aws:events:eu-central-1:999999999999:event-bus/central', 0],
    ['another region', 'arn:aws:events:eu-west-1:123456789012:event-bus/central', 0],
  ])('of %s, given by its ARN, is looked at when DescribeEventBus can know it', async (_, arn, looks) => {
    expect(await check(arn)).toBeUndefined();
    expect(eventBridge.commandCalls(DescribeEventBusCommand)).toHaveLength(looks);
  });

  test('that is missing has an error of its own: EventBridge would accept and drop the events', async () => {
    const cause = serviceError('ResourceNotFoundException', 400);
    eventBridge.on(DescribeEventBusCommand).rejects(cause);

    const error: unknown = await check().catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(BusMissing);
    expect(error).toMatchObject({
      message: 'event bus bellyfed-events does not exist: create it again, until then nothing is claimed',
      cause,
    });
  });

  test.each([
    serviceError('AccessDeniedException', 400),
    serviceError('ThrottlingException', 400),
    serviceError('InternalException', 500),
    serviceError('TimeoutError'),
    networkError('ENOTFOUND'),
  ])('that cannot be looked at (%s) stops nothing, and the reason is told', async (cause) => {
    eventBridge.on(DescribeEventBusCommand).rejects(cause);

    const name = 'code' in cause ? cause.code : cause.name;
    expect(await check()).toBe(`${name}: ${cause.message}`);
  });

  test('is published to without a look: the data path needs no management call', async () => {
    await publisher().publish([entry]);

    expect(eventBridge.calls().map(({ args }) => args[0].constructor.name)).toEqual(['PutEventsCommand']);
  });
});

describe('a bus', () => {
  const ours = 'arn:aws:states:us-east-1:000000000000:express:outbox-processor:run';

  test.each([
    ['orders', undefined, false],
    ['arn:aws:events:us-east-1:000000000000:event-bus/orders', 'us-east-1', false],
    ['arn:aws:events:us-east-1:999999999999:event-bus/orders', 'us-east-1', true],
    ['arn:aws:events:eu-west-1:000000000000:event-bus/orders', 'eu-west-1', true],
  ])('called %s is in the region %s, and elsewhere: %s', (bus, region, elsewhere) => {
    expect(regionOf(bus)).toBe(region);
    expect(isElsewhere(bus, ours)).toBe(elsewhere);
  });
});
