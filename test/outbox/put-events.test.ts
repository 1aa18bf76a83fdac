import { EventBridgeClient, PutEventsCommand, type PutEventsResultEntry } from '@aws-sdk/client-eventbridge';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { readFailure } from '../../outbox/classify-failure.ts';
import { BusUnavailable, EventRejected, PublishFailed, PublishThrottled } from '../../outbox/errors.ts';
import { createPublisher } from '../../outbox/put-events.ts';
import { networkError, serviceError } from '../support/service-error.ts';

const client = new EventBridgeClient({ region: 'us-east-1' });
const eventBridge = mockClient(client);
const entry = { Source: 'bellyfed.outbox', DetailType: 'DishRated', Detail: '{}' };

const publisher = () => createPublisher(client);

beforeEach(() => {
  eventBridge.reset();
  eventBridge.on(PutEventsCommand).resolves({ FailedEntryCount: 0, Entries: [{ EventId: 'eb-1' }] });
});

describe('the publisher', () => {
  test('the publisher returns results in the order of the entries', async () => {
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
  ])('the publisher turns the entry code %s into its kind of error', async (ErrorCode, errorClass) => {
    eventBridge.on(PutEventsCommand).resolves({ Entries: [{ ErrorCode, ErrorMessage: 'why' }] });

    const [result] = await publisher().publish([entry]);

    expect(result).toEqual({ error: new errorClass(`${ErrorCode}: why`) });
    expect(result !== undefined && 'error' in result && result.error).toBeInstanceOf(errorClass);
  });

  test.each<[string, readonly PutEventsResultEntry[] | undefined]>([
    ['with neither an id nor a code', [{}]],
    ['that is missing', []],
    ['that is missing with all others', undefined],
  ])('the publisher treats an entry %s as unpublished', async (_, answers) => {
    eventBridge.on(PutEventsCommand).resolves(answers === undefined ? {} : { Entries: [...answers] });

    const [result] = await publisher().publish([entry]);

    expect(result).toMatchObject({
      error: { name: 'PublishFailed', message: expect.stringMatching(/^NoAnswer: /) },
    });
  });

  test('the publisher treats an entry with both an id and a code as unpublished', async () => {
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
  ])('the publisher wraps %s of the whole request and keeps it as the cause', async (cause, errorClass) => {
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
  ])('the publisher reports the network error of Node.js for %s', async (_, cause) => {
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

  test('publishes without looking at the bus first: the data path needs no management call', async () => {
    await publisher().publish([entry]);

    expect(eventBridge.calls().map(({ args }) => args[0].constructor.name)).toEqual(['PutEventsCommand']);
  });
});
