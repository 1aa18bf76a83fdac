import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DataApi } from '../../outbox/data-api.ts';
import {
  BusUnavailable,
  CallExpired,
  DatabaseUnavailable,
  EventRejected,
  PublishFailed,
  PublishThrottled,
} from '../../outbox/errors.ts';
import type { ClaimedEvent } from '../../outbox/event.ts';
import { publishEvents, truncateUtf8 } from '../../outbox/publish.ts';
import type { EntryResult, Publisher } from '../../outbox/put-events.ts';

const event = (eventId: string, more: Partial<ClaimedEvent> = {}): ClaimedEvent => ({
  eventId,
  eventType: 'DishRated',
  detail: '{"stars": 5}',
  createdAt: '2026-11-23T12:00:00.000Z',
  attempts: 1,
  ...more,
});

const VERSION = 812;

const byReference = (eventId: string, version = VERSION): ClaimedEvent => {
  const { detail: _, ...rest } = event(eventId);
  return { ...rest, byReference: { bytes: 12, version } };
};

const accepting = (count: number): EntryResult[] =>
  Array.from({ length: count }, (_, index) => ({ eventBridgeId: `eb-${index + 1}` }));

/** A table with these details. */
function table(details: Readonly<Record<string, string>>) {
  const calls: unknown[] = [];
  const database: DataApi = {
    query: async (_, parameters) => {
      calls.push(parameters);
      const slices = JSON.parse(String(parameters?.['slices'])) as { eventId: string }[];
      return slices.flatMap(({ eventId }) => {
        const detail = details[eventId];
        return detail === undefined ? [] : [[eventId, VERSION, detail.length, Buffer.from(detail)]];
      });
    },
  };
  return { database, calls };
}

const noDatabase: DataApi = { query: () => Promise.reject(new Error('nobody should ask the database')) };

/** Returns these results and records every request. */
function answering(results: readonly EntryResult[], database = noDatabase) {
  const requests: (readonly PutEventsRequestEntry[])[] = [];
  const publisher: Publisher = {
    publish: async (entries) => {
      requests.push(entries);
      return results;
    },
  };
  const envelope = { eventBusName: 'bellyfed-events', source: 'bellyfed.outbox' };
  return { requests, services: { database, publisher, envelope } };
}

describe('publishing a list of events', () => {
  test('publishing one event returns its EventBridge id', async () => {
    const { requests, services } = answering([{ eventBridgeId: 'eb-1' }]);

    const result = await publishEvents([event('e-1')], services);

    expect(result).toEqual({ published: [{ eventId: 'e-1', eventBridgeId: 'eb-1' }], failed: [] });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject([{ DetailType: 'DishRated', Detail: '{"stars": 5}' }]);
  });

  test('publishing one event that fails throws its error, so that the state machine retries it', async () => {
    const { services } = answering([{ error: new PublishFailed('InternalFailure: try again') }]);

    await expect(publishEvents([event('e-1')], services)).rejects.toMatchObject({
      name: 'PublishFailed',
      message: 'InternalFailure: try again',
    });
  });

  test('publishing a list returns one outcome per event when part of it was published', async () => {
    const { services } = answering([
      { error: new PublishFailed('InternalFailure: try again') },
      { eventBridgeId: 'eb-2' },
      { error: new EventRejected('MalformedDetail: no object') },
    ]);

    const result = await publishEvents([event('e-1'), event('e-2'), event('e-3')], services);

    expect(result).toEqual({
      published: [{ eventId: 'e-2', eventBridgeId: 'eb-2' }],
      failed: [
        { eventId: 'e-1', error: 'PublishFailed', cause: 'InternalFailure: try again' },
        { eventId: 'e-3', error: 'EventRejected', cause: 'MalformedDetail: no object' },
      ],
    });
  });

  test('publishing a list throws the common error when nothing was published, so that all events are retried', async () => {
    const { services } = answering([
      { error: new PublishFailed('InternalFailure: try again') },
      { error: new PublishFailed('InternalFailure: try again') },
    ]);

    await expect(publishEvents([event('e-1'), event('e-2')], services)).rejects.toThrow(PublishFailed);
  });

  test('publishing a list returns one outcome per event when nothing was published for several reasons', async () => {
    const { services } = answering([
      { error: new PublishThrottled('ThrottlingException: slow down') },
      { error: new EventRejected('MalformedDetail: no object') },
    ]);

    const result = await publishEvents([event('e-1'), event('e-2')], {
      ...services,
      pause: async () => undefined,
    });

    expect(result).toMatchObject({
      published: [],
      failed: [
        { eventId: 'e-1', error: 'PublishThrottled', cause: 'ThrottlingException: slow down' },
        { eventId: 'e-2', error: 'EventRejected', cause: 'MalformedDetail: no object' },
      ],
    });
  });

  test('a list that is refused as a whole is sent again one by one, so that only the invalid event is rejected', async () => {
    const { services } = answering([]);
    const requests: string[][] = [];
    const publisher: Publisher = {
      async publish(entries) {
        const details = entries.map(({ Detail = '' }) => Detail);
        requests.push(details);
        if (details.includes('"guilty"')) throw new EventRejected('ValidationException: no');
        return details.map((detail) => ({ eventBridgeId: `eb-${detail}` }));
      },
    };

    const result = await publishEvents(
      [event('e-1', { detail: '1' }), event('e-2', { detail: '"guilty"' }), event('e-3', { detail: '3' })],
      { ...services, publisher },
    );

    expect(requests).toEqual([['1', '"guilty"', '3'], ['1'], ['"guilty"'], ['3']]);
    expect(result).toEqual({
      published: [
        { eventId: 'e-1', eventBridgeId: 'eb-1' },
        { eventId: 'e-3', eventBridgeId: 'eb-3' },
      ],
      failed: [{ eventId: 'e-2', error: 'EventRejected', cause: 'ValidationException: no' }],
    });
  });

  describe('that are throttled', () => {
    /** A bus that refuses these requests, counted from 0, as a whole, and in others the entries of these details. */
    function throttling(requestsRefused: readonly number[], detailsRefused: readonly string[] = []) {
      const sent: string[][] = [];
      const waits: number[] = [];
      const publisher: Publisher = {
        async publish(entries) {
          const details = entries.map(({ Detail = '' }) => Detail);
          sent.push(details);
          if (requestsRefused.includes(sent.length - 1))
            throw new PublishThrottled('ThrottlingException: slow down');
          return details.map((detail) =>
            detailsRefused.includes(detail) && sent.length === 1
              ? { error: new PublishThrottled('ThrottlingException: slow down') }
              : { eventBridgeId: `eb-${detail}` },
          );
        },
      };
      const pause = async (ms: number) => waits.push(ms);
      return { sent, waits, services: { ...answering([]).services, publisher, pause } };
    }
    const two = [event('e-1', { detail: '1' }), event('e-2', { detail: '2' })];

    test('are sent again after a wait, and counted', async () => {
      const { sent, waits, services } = throttling([0, 1]);

      expect(await publishEvents(two, services)).toMatchObject({
        published: [{ eventId: 'e-1' }, { eventId: 'e-2' }],
        failed: [],
        throttled: 4,
      });
      expect(sent).toEqual([
        ['1', '2'],
        ['1', '2'],
        ['1', '2'],
      ]);
      expect(waits).toHaveLength(2);
    });

    test('are sent again without those of their request that were accepted', async () => {
      const { sent, services } = throttling([], ['2']);

      expect(await publishEvents(two, services)).toEqual({
        published: [
          { eventId: 'e-1', eventBridgeId: 'eb-1' },
          { eventId: 'e-2', eventBridgeId: 'eb-2' },
        ],
        failed: [],
        throttled: 1,
      });
      expect(sent).toEqual([['1', '2'], ['2']]);
    });

    test('are sent again in their order, before the events behind them', async () => {
      const { sent, services } = throttling([1]);
      const ordered = two.map((one, index) => ({ ...one, orderingKey: 'a', sequence: index + 1 }));

      expect(await publishEvents(ordered, services)).toMatchObject({ failed: [], throttled: 1 });
      expect(sent).toEqual([['1'], ['2'], ['2']]);
    });

    test('are given back when throttling does not end', async () => {
      const { sent, services } = throttling(Array.from({ length: 100 }, (_, n) => n));

      await expect(publishEvents(two, services)).rejects.toThrow(PublishThrottled);
      expect(sent).toHaveLength(7);
    });

    test('are not sent again when the outcome would come after the timeout', async () => {
      const { sent, services } = throttling([0]);
      let asked = 0;

      await expect(
        publishEvents(two, services, () => (++asked > 1 ? new CallExpired('too slow') : undefined)),
      ).rejects.toThrow(PublishThrottled);
      expect(sent).toHaveLength(1);
    });
  });

  test('an event is not sent twice when the bus does not answer', async () => {
    const { services } = answering([]);
    let requests = 0;
    const publisher: Publisher = {
      publish: () => {
        requests += 1;
        return Promise.reject(new BusUnavailable('TimeoutError: no answer'));
      },
    };

    await expect(publishEvents([event('e-1'), event('e-2')], { ...services, publisher })).rejects.toThrow(
      BusUnavailable,
    );
    expect(requests).toBe(1);
  });

  test('nothing is sent when the outcome would come after the timeout, and the error says so', async () => {
    const { requests, services } = answering([{ eventBridgeId: 'eb-1' }, { eventBridgeId: 'eb-1' }]);

    const expired = () => new CallExpired('too slow');
    await expect(publishEvents([event('e-1')], services, expired)).rejects.toMatchObject({
      name: 'BusUnavailable',
      message: 'CallExpired: too slow',
    });
    expect(requests).toEqual([]);
    const inTime = () => undefined;
    await expect(publishEvents([event('e-1')], services, inTime)).resolves.toMatchObject({ failed: [] });
  });

  test('a list that is refused too late is not sent again one by one', async () => {
    const { services } = answering([]);
    let requests = 0;
    const publisher: Publisher = {
      publish: () => {
        requests += 1;
        return Promise.reject(new EventRejected('ValidationException: one of them'));
      },
    };
    const expired = () => (requests > 0 ? new CallExpired('too slow') : undefined);

    await expect(
      publishEvents([event('e-1'), event('e-2')], { ...services, publisher }, expired),
    ).rejects.toMatchObject({ name: 'BusUnavailable', message: 'CallExpired: too slow' });
    expect(requests).toBe(1);
  });

  test('an event that EventBridge would drop silently is not sent, and the others are', async () => {
    const { requests, services } = answering([{ eventBridgeId: 'eb-2' }]);

    const result = await publishEvents(
      [event('e-1', { eventType: 't'.repeat(129) }), event('e-2')],
      services,
    );

    expect(requests[0]).toHaveLength(1);
    expect(result.published).toEqual([{ eventId: 'e-2', eventBridgeId: 'eb-2' }]);
    expect(result.failed).toMatchObject([{ eventId: 'e-1', error: 'EventRejected' }]);
  });

  test('no request is sent when no event can be sent', async () => {
    const { requests, services } = answering([]);

    await expect(publishEvents([event('e-1', { eventType: '' })], services)).rejects.toThrow(EventRejected);
    expect(requests).toHaveLength(0);
  });

  test('details that travel by reference are read in one call before the others are sent', async () => {
    const { database, calls } = table({ 'e-1': '{"stars": 1}', 'e-3': '{"stars": 3}' });
    const { requests, services } = answering(accepting(3), database);

    await publishEvents([byReference('e-1'), event('e-2'), byReference('e-3')], services);

    expect(calls).toHaveLength(1);
    expect(requests).toEqual([
      [
        expect.objectContaining({ Detail: '{"stars": 1}' }),
        expect.objectContaining({ Detail: '{"stars": 5}' }),
        expect.objectContaining({ Detail: '{"stars": 3}' }),
      ],
    ]);
  });

  test('an event that was deleted or changed meanwhile fails with its name, and the others are published', async () => {
    const { database } = table({ 'e-1': '{"stars": 1}', 'e-3': '{"stars": 3}' });
    const { requests, services } = answering(accepting(1), database);

    const result = await publishEvents(
      [byReference('e-1'), byReference('e-2'), byReference('e-3', VERSION - 1)],
      services,
    );

    expect(requests).toEqual([[expect.objectContaining({ Detail: '{"stars": 1}' })]]);
    expect(result).toEqual({
      published: [{ eventId: 'e-1', eventBridgeId: 'eb-1' }],
      failed: [
        {
          eventId: 'e-2',
          error: 'EventRejected',
          cause: 'EventMissing: event e-2 is no longer in the outbox',
        },
        {
          eventId: 'e-3',
          error: 'PublishFailed',
          cause: 'EventChanged: the row of event e-3 has changed since it was claimed, or while it was read',
        },
      ],
    });
  });

  test('nothing is sent when a read fails as a whole, and its error is thrown for the state machine to retry', async () => {
    const database: DataApi = { query: () => Promise.reject(new DatabaseUnavailable('Timeout: no answer')) };
    const { requests, services } = answering([], database);

    await expect(publishEvents([event('e-1'), byReference('e-2')], services)).rejects.toThrow(
      DatabaseUnavailable,
    );
    expect(requests).toEqual([]);
  });

  test('events that exceed one request together are sent in several, each as full as it can be', async () => {
    const detail = JSON.stringify({ text: 'x'.repeat(400_000) });
    const { requests, services } = answering(accepting(2));

    const result = await publishEvents(
      ['e-1', 'e-2', 'e-3', 'e-4', 'e-5'].map((id) => event(id, { detail })),
      services,
    );

    expect(requests.map((entries) => entries.length)).toEqual([2, 2, 1]);
    expect(result.published.map(({ eventId }) => eventId)).toEqual(['e-1', 'e-2', 'e-3', 'e-4', 'e-5']);
  });

  test('an error has at most 200 bytes and no stack, however long the message of EventBridge was', async () => {
    const { services } = answering([{ error: new PublishFailed(`InternalFailure: ${'€'.repeat(500)}`) }]);

    const error: unknown = await publishEvents([event('e-1')], services).catch((thrown: unknown) => thrown);

    if (!(error instanceof PublishFailed)) throw error;
    expect(Buffer.byteLength(error.message)).toBeLessThanOrEqual(200);
    expect(error.message).toMatch(/^InternalFailure: €+$/);
    expect(error.stack).toBe('');
  });
});

describe('a text cut to a number of bytes', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 });

  test('a cut text is the longest beginning that fits and ends with a whole character', () => {
    fc.assert(
      fc.property(text, fc.nat(120), (value, maxBytes) => {
        const cut = truncateUtf8(value, maxBytes);
        const next = [...value.slice(cut.length)][0] ?? '';

        expect(value.startsWith(cut)).toBe(true);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(maxBytes);
        expect(cut).not.toMatch(/\p{Surrogate}/u);
        if (cut !== value) expect(Buffer.byteLength(cut + next)).toBeGreaterThan(maxBytes);
      }),
    );
  });

  test.each([
    ['🐘🐘', 8, '🐘🐘'],
    ['🐘🐘', 7, '🐘'],
    ['🐘🐘', 3, ''],
    ['a€', 3, 'a'],
    ['a€', 4, 'a€'],
    ['ü', 0, ''],
  ])('%s cut to %i bytes is "%s"', (value, maxBytes, cut) => {
    expect(truncateUtf8(value, maxBytes)).toBe(cut);
  });
});
