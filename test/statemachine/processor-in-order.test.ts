import { describe, expect, test } from '@jest/globals';
import type { ClaimedEvent } from '../../outbox/event.ts';
import type { NotPublished } from '../../outbox/publish.ts';
import {
  batches,
  batchOf,
  bridgeId,
  claimedEvents,
  eventId,
  failedMarks,
  processedMarks,
  publishes,
  publishing,
  runProcessor,
} from './processor.ts';
import { failing, lambdaError, type Step } from './run-definition.ts';

const NOT_SENT = { error: 'NotSent', cause: 'the event before it in its key was not published' };

/** Events with these keys, in the order of a claim; null has none. */
const eventsOf = (...keys: readonly (string | null)[]): ClaimedEvent[] =>
  claimedEvents(keys.length).map((event, index) => {
    const key = keys[index];
    return typeof key === 'string'
      ? { ...event, orderingKey: key, sequence: index, previousSequence: null }
      : event;
  });

const listsOf = (ran: Awaited<ReturnType<typeof runProcessor>>) =>
  publishes(ran).map(({ events }) => events.map((event) => event.eventId));

/** Publishes what comes before an event, and answers with the rest as lambdas/publish-event.ts does. */
const publishingUntil =
  (failedId: string, error: string): Step =>
  (payload, run) => {
    const { events } = payload as unknown as { events: readonly ClaimedEvent[] };
    const index = events.findIndex((event) => event.eventId === failedId);
    if (index < 0) return publishing(() => undefined)(payload, run);
    const failed: NotPublished[] = events.slice(index).map((event, behind) => ({
      eventId: event.eventId,
      ...(behind === 0 ? { error, cause: 'no' } : NOT_SENT),
    }));
    const published = events
      .slice(0, index)
      .map((event) => ({ eventId: event.eventId, eventBridgeId: bridgeId(event.eventId) }));
    return { published, failed };
  };

describe('a batch with ordered events', () => {
  test.each([
    [['a'], [[0]]],
    [['a', 'a', 'a'], [[0, 1, 2]]],
    [
      [null, 'a', null, 'b', 'a', '__proto__'],
      [[0], [2], [1, 4], [3], [5]],
    ],
  ])(
    'events of one key are one list, and each event without a key is one of its own (%j)',
    async (keys, lists) => {
      const ran = await runProcessor({ 'fetch-batch': batches(batchOf(eventsOf(...keys))) });

      expect(listsOf(ran)).toEqual(lists.map((list) => list.map(eventId)));
      expect(ran.outcome).toMatchObject({
        output: { claimed: keys.length, published: keys.length, failed: 0 },
      });
    },
  );

  test('an event that has left the order of its key is published like one without a key', async () => {
    const [left] = claimedEvents(1);
    const events = [{ ...(left as ClaimedEvent), orderingKey: 'a' }, ...eventsOf('a', 'a').slice(1)];

    const ran = await runProcessor({ 'fetch-batch': batches(batchOf(events)) });

    expect(listsOf(ran)).toEqual([[eventId(0)], [eventId(1)]]);
  });

  test.each([
    ['EventRejected', 1],
    ['PublishFailed', 3],
    ['BusUnavailable', 3],
  ])(
    'a list whose first event fails with %s is tried %i times; only that event has failed',
    async (error, tries) => {
      const ran = await runProcessor({
        'fetch-batch': batches(batchOf(eventsOf('a', 'a', 'a'))),
        'publish-event': failing(lambdaError(error)),
      });

      expect(publishes(ran)).toHaveLength(tries);
      expect(failedMarks(ran)[0]?.outcomes).toEqual([
        { eventId: eventId(0), error, cause: expect.any(String) },
        { eventId: eventId(1), ...NOT_SENT },
        { eventId: eventId(2), ...NOT_SENT },
      ]);
      expect(ran.outcome).toMatchObject({ output: { claimed: 3, published: 0, failed: 1 } });
    },
  );

  test('a list that fails later is not tried again: what was published is marked, and the rest was not sent', async () => {
    const ran = await runProcessor({
      'fetch-batch': batches(batchOf(eventsOf('a', 'a', 'a', 'b'))),
      'publish-event': publishingUntil(eventId(1), 'PublishFailed'),
    });

    expect(publishes(ran)).toHaveLength(2);
    expect(processedMarks(ran)[0]?.outcomes.map((outcome) => outcome.eventId)).toEqual([
      eventId(0),
      eventId(3),
    ]);
    expect(failedMarks(ran)[0]?.outcomes).toEqual([
      { eventId: eventId(1), error: 'PublishFailed', cause: 'no' },
      { eventId: eventId(2), ...NOT_SENT },
    ]);
    expect(failedMarks(ran)[0]?.accepted).toBe(2);
  });

  test('events that were not sent are no outage, and a bus that accepts nothing is one', async () => {
    const outageOf = async (error: string) => {
      const ran = await runProcessor({
        'fetch-batch': batches(batchOf(eventsOf('a', 'a', 'b', 'b'))),
        'publish-event': failing(lambdaError(error)),
      });
      return (ran.outcome as { readonly output?: { readonly outage?: boolean } }).output?.outage ?? false;
    };

    expect(await outageOf('PublishFailed')).toBe(false);
    expect(await outageOf('BusUnavailable')).toBe(true);
  });

  test('a throttled list slows the run down', async () => {
    const ran = await runProcessor({
      'fetch-batch': batches(batchOf(eventsOf('a', 'a', 'b'), { more: true }), batchOf(eventsOf('c'))),
      'publish-event': publishingUntil(eventId(1), 'PublishThrottled'),
    });

    expect(ran.visits['Slow down']).toBe(1);
  });
});
