import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { describe, expect, test } from '@jest/globals';
import type { DataApi } from '../../outbox/data-api.ts';
import { BusUnavailable, CallExpired, EventRejected, PublishFailed } from '../../outbox/errors.ts';
import type { ClaimedEvent } from '../../outbox/event.ts';
import { publishEvents } from '../../outbox/publish.ts';

const NOT_SENT = { error: 'NotSent', cause: 'the event before it in its key was not published' };

const events = (count: number): ClaimedEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    eventId: `e-${index + 1}`,
    eventType: 'DishRated',
    detail: String(index + 1),
    createdAt: '2026-11-23T12:00:00.000Z',
    attempts: 1,
    orderingKey: 'a',
    sequence: index + 1,
    previousSequence: index === 0 ? null : index,
  }));

const noDatabase: DataApi = { query: () => Promise.reject(new Error('nobody should ask the database')) };

/** A bus that refuses some details with an error. */
function bus(refused: Readonly<Record<string, Error>> = {}, database = noDatabase) {
  const requests: string[][] = [];
  const publisher = {
    publish: async (entries: readonly PutEventsRequestEntry[]) => {
      const details = entries.map(({ Detail = '' }) => Detail);
      requests.push(details);
      return details.map((detail) => {
        const error = refused[detail];
        return error === undefined ? { eventBridgeId: `eb-${detail}` } : { error };
      });
    },
  };
  return { requests, services: { database, publisher, envelope: { eventBusName: 'bus', source: 'outbox' } } };
}

const published = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    eventId: `e-${index + 1}`,
    eventBridgeId: `eb-${index + 1}`,
  }));

describe('publishing the events of one key', () => {
  test('events of one key are sent one after the other, each in a request of its own', async () => {
    const { requests, services } = bus();

    expect(await publishEvents(events(3), services)).toEqual({ published: published(3), failed: [] });
    expect(requests).toEqual([['1'], ['2'], ['3']]);
  });

  test.each([
    new EventRejected('MalformedDetail: no object'),
    new PublishFailed('InternalFailure: try again'),
    new BusUnavailable('TimeoutError: no answer'),
  ])('the first failure ends the list, and the events behind it are not sent (%s)', async (error) => {
    const { requests, services } = bus({ '2': error });

    expect(await publishEvents(events(4), services)).toEqual({
      published: published(1),
      failed: [
        { eventId: 'e-2', error: error.name, cause: error.message },
        { eventId: 'e-3', ...NOT_SENT },
        { eventId: 'e-4', ...NOT_SENT },
      ],
    });
    expect(requests).toEqual([['1'], ['2']]);
  });

  test('a list whose first event fails throws its error, so that the state machine retries the list', async () => {
    const { requests, services } = bus({ '1': new PublishFailed('InternalFailure: try again') });

    await expect(publishEvents(events(3), services)).rejects.toMatchObject({
      name: 'PublishFailed',
      message: 'InternalFailure: try again',
    });
    expect(requests).toEqual([['1']]);
  });

  test('what travels by reference is read before anything is sent, and a change ends the list there', async () => {
    const asked: unknown[] = [];
    const database: DataApi = {
      query: async (_, parameters) => {
        asked.push(parameters);
        return ['e-2', 'e-3'].map((id) => [id, 812, 1, Buffer.from(id.slice(2))]);
      },
    };
    const { requests, services } = bus({}, database);
    const list = events(4).map((event, index) => {
      const { detail: _, ...rest } = event;
      return index === 0 || index === 3
        ? event
        : { ...rest, byReference: { bytes: 1, version: 811 + (index % 2) } };
    });

    const result = await publishEvents(list, services);

    expect(asked).toHaveLength(1);
    expect(requests).toEqual([['1'], ['2']]);
    expect(result.published).toEqual(published(2));
    expect(result.failed).toMatchObject([
      { eventId: 'e-3', error: 'PublishFailed', cause: expect.stringMatching(/^EventChanged: /) },
      { eventId: 'e-4', ...NOT_SENT },
    ]);
  });

  test('when the time of the publisher is up, what was published is reported and the rest was not sent', async () => {
    const { requests, services } = bus();
    const whyNotAwaited = () => (requests.length < 2 ? undefined : new CallExpired('too late'));

    expect(await publishEvents(events(4), services, whyNotAwaited)).toEqual({
      published: published(2),
      failed: [
        { eventId: 'e-3', error: 'NotSent', cause: 'the time of its publisher was up' },
        { eventId: 'e-4', ...NOT_SENT },
      ],
    });
  });

  test('a publisher that begins too late sends nothing and reports an outage', async () => {
    const { requests, services } = bus();

    await expect(publishEvents(events(2), services, () => new CallExpired('too late'))).rejects.toThrow(
      BusUnavailable,
    );
    expect(requests).toEqual([]);
  });
});
