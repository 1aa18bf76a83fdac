import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { describe, expect, test } from '@jest/globals';
import { BusUnavailable, EventRejected, PublishThrottled } from '../../outbox/errors.ts';
import type { ClaimedEvent } from '../../outbox/event.ts';
import { publishReplay } from '../../outbox/publish-replay.ts';
import type { EntryResult } from '../../outbox/put-events.ts';

const eventsTo = (last: number, more: Partial<ClaimedEvent> = {}): ClaimedEvent[] =>
  Array.from({ length: last }, (_, index) => ({
    eventId: `e-${index + 1}`,
    eventType: 'DishRated',
    detail: `{"n": ${index + 1}}`,
    createdAt: '2026-11-23T12:00:00.000Z',
    attempts: 1,
    ...more,
  }));

const numberIn = ({ Detail = '{}' }: PutEventsRequestEntry) => (JSON.parse(Detail) as { n: number }).n;
const accepted = (entry: PutEventsRequestEntry): EntryResult => ({ eventBridgeId: `eb-${numberIn(entry)}` });

/** Replays with a clock that only pauses move, and answers each entry with `answer`. */
async function replay(
  events: readonly ClaimedEvent[],
  {
    rate = 200,
    notBefore = 0,
    endsAt = Number.POSITIVE_INFINITY,
    answer = accepted,
    refuse,
  }: {
    rate?: number;
    notBefore?: number;
    endsAt?: number;
    answer?: (entry: PutEventsRequestEntry) => EntryResult;
    /** Refuses the request as a whole. */
    refuse?: (numbers: readonly number[]) => Error | undefined;
  } = {},
) {
  let now = 1_000;
  const requests: { readonly at: number; readonly numbers: readonly number[] }[] = [];
  const publisher = {
    publish: async (entries: readonly PutEventsRequestEntry[]) => {
      const numbers = entries.map(numberIn);
      requests.push({ at: now, numbers });
      const refusal = refuse?.(numbers);
      if (refusal !== undefined) throw refusal;
      return entries.map(answer);
    },
  };
  const database = { query: async () => [['e-1', 1, 9, Buffer.from('{"n": 99}')]] };
  const envelope = { eventBusName: 'bus', source: 'outbox' };
  const clock = {
    now: () => now,
    pause: async (ms: number) => {
      now += ms;
    },
  };
  const outcome = publishReplay(
    events,
    { database, publisher, envelope },
    { rate, notBefore, endsAt, clock },
    () => undefined,
  );
  return { outcome: await outcome.catch((error: unknown) => error), requests };
}

const ids = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `e-${from + index}`);

describe('the rate of a replay', () => {
  test.each([
    [1, [1, 1, 1], [1_000, 2_000, 3_000]],
    [2, [2, 1], [1_000, 2_000]],
    [20, [3], [1_000]],
  ])('at %i a second, no second has more events than that', async (rate, sizes, times) => {
    const { requests } = await replay(eventsTo(3), { rate });

    expect(requests.map(({ numbers }) => numbers.length)).toEqual(sizes);
    expect(requests.map(({ at }) => at)).toEqual(times);
  });

  test('a request has at most 10 events, and the next batch begins when the rate allows', async () => {
    const { outcome, requests } = await replay(eventsTo(25), { rate: 20, notBefore: 1_300 });

    expect(requests.map(({ at, numbers }) => [at, numbers.length])).toEqual([
      [1_300, 10],
      [1_800, 10],
      [2_300, 5],
    ]);
    expect(outcome).toMatchObject({ again: [], notBefore: 2_550 });
  });

  test('what is not sent in time is left for another call', async () => {
    const { outcome } = await replay(eventsTo(30), { rate: 10, endsAt: 2_500 });

    expect(outcome).toMatchObject({ again: ids(21, 30), rejected: [] });
    expect((outcome as { published: unknown[] }).published).toHaveLength(20);
  });

  test('an event whose detail has to be read is sent by itself', async () => {
    const [large = eventsTo(1)[0] as ClaimedEvent] = eventsTo(1);
    const { detail: _, ...byReference } = large;

    const { requests } = await replay([...eventsTo(2), byReference, ...eventsTo(1)]);

    expect(requests.map(({ numbers }) => numbers)).toEqual([[1, 2], [99], [1]]);
  });
});

describe('a failure during a replay', () => {
  test('an event that the bus will never accept is rejected, and the others go on', async () => {
    const answer = (entry: PutEventsRequestEntry): EntryResult =>
      numberIn(entry) === 3 ? { error: new EventRejected('MalformedDetail: no') } : accepted(entry);

    const { outcome } = await replay(eventsTo(12), { answer });

    expect(outcome).toMatchObject({
      rejected: [{ eventId: 'e-3', error: 'EventRejected', cause: 'MalformedDetail: no' }],
      again: [],
    });
    expect((outcome as { published: unknown[] }).published).toHaveLength(11);
  });

  test('an outage ends the batch, and only what has no outcome is sent again', async () => {
    const refuse = ([first]: readonly number[]) =>
      first === 11 ? new BusUnavailable('TimeoutError: no answer') : undefined;

    const { outcome, requests } = await replay(eventsTo(25), { refuse });

    expect(requests).toHaveLength(2);
    expect(outcome).toMatchObject({ again: ids(11, 25), rejected: [] });
    expect((outcome as { published: unknown[] }).published).toHaveLength(10);
  });

  test('of a request that was accepted in part, only the rest is sent again', async () => {
    const answer = (entry: PutEventsRequestEntry): EntryResult =>
      [2, 9].includes(numberIn(entry))
        ? { error: new PublishThrottled('ThrottlingException: slower') }
        : accepted(entry);

    const { outcome } = await replay(eventsTo(12), { answer });

    expect(outcome).toMatchObject({ again: ['e-2', 'e-9', 'e-11', 'e-12'] });
    expect((outcome as { published: unknown[] }).published).toHaveLength(8);
  });

  test('when nothing has an outcome, the failure is thrown, so that the state machine waits and tries again', async () => {
    const same = await replay(eventsTo(25), { refuse: () => new BusUnavailable('TimeoutError: no answer') });
    const mixed = await replay(eventsTo(2), {
      answer: (entry) => ({ error: new PublishThrottled(`ThrottlingException: ${numberIn(entry)}`) }),
    });

    expect(same.requests).toHaveLength(1);
    expect(same.outcome).toMatchObject({ name: 'BusUnavailable', message: 'TimeoutError: no answer' });
    expect(mixed.outcome).toMatchObject({ name: 'PublishFailed', message: 'ThrottlingException: 1' });
  });
});
