import { describe, expect, test } from '@jest/globals';
import type { ClaimedEvent } from '../../outbox/event.ts';
import {
  batches,
  batchOf,
  bridgeId,
  claimedEvents,
  eventId,
  failedMarks,
  fetches,
  processedMarks,
  publishes,
  publishing,
  releases,
  runProcessor,
} from './processor.ts';
import { failingFirst, lambdaError, runArn, taking } from './run-definition.ts';

const none = { claimed: 0, published: 0, failed: 0, failedForGood: 0, batches: 0 };

describe('a run', () => {
  test('a run with nothing due succeeds, and its totals are zero', async () => {
    const ran = await runProcessor({});

    expect(ran.outcome).toEqual({ status: 'SUCCEEDED', output: none });
    expect(fetches(ran)).toMatchObject([{ leaseToken: expect.any(String), runId: runArn }]);
    expect(ran.visits).not.toHaveProperty('Publish events');
  });

  test('a run of a paused outbox succeeds and reports the pause', async () => {
    const ran = await runProcessor({ 'fetch-batch': batches(batchOf([], { paused: true })) });

    expect(ran.outcome).toEqual({ status: 'SUCCEEDED', output: { ...none, paused: true } });
  });

  test('a run that is paused in the middle reports what it published before', async () => {
    const steps = batches(batchOf(claimedEvents(2), { more: true }), batchOf([], { paused: true }));

    const { outcome } = await runProcessor({ 'fetch-batch': steps });

    expect(outcome).toMatchObject({ status: 'SUCCEEDED', output: { published: 2, paused: true } });
  });

  test('a lingering run that finds the outbox resumed does not report the pause', async () => {
    const steps = batches(batchOf([], { paused: true }), batchOf(claimedEvents(2)));

    const { outcome } = await runProcessor({ 'fetch-batch': steps }, { loopSeconds: 60, lingerSeconds: 60 });

    expect(outcome).toEqual({
      status: 'SUCCEEDED',
      output: { ...none, claimed: 2, published: 2, batches: 1 },
    });
  });

  test('a run publishes every event of a batch separately and marks the published ones in one call', async () => {
    const events = claimedEvents(3);

    const ran = await runProcessor({ 'fetch-batch': batches(batchOf(events)) });

    expect(ran.outcome).toMatchObject({
      status: 'SUCCEEDED',
      output: { ...none, claimed: 3, published: 3, batches: 1 },
    });
    expect(publishes(ran)).toMatchObject(events.map((event) => ({ events: [event], runId: runArn })));
    expect(processedMarks(ran)).toEqual([{ outcomes: [0, 1, 2].map(outcome), runId: runArn }]);
    expect([...failedMarks(ran), ...releases(ran)]).toEqual([]);
  });

  test.each([1, 10])('the history of a run has each detail four times, in lists of %i', async (chunkSize) => {
    const [first, ...others] = claimedEvents(3) as [ClaimedEvent];
    const marked = { ...first, detail: '{"seen": "here"}' };

    const { history } = await runProcessor(
      { 'fetch-batch': batches(batchOf([marked, ...others])) },
      { chunkSize },
    );

    const holding = history.filter((event) => JSON.stringify(event).includes('seen'));
    expect(holding.map(({ type }) => type)).toEqual([
      // The answer of the fetch, the variable, the item, and the arguments of its publisher.
      'TaskSucceeded',
      'TaskStateExited',
      'TaskStateEntered',
      'TaskScheduled',
    ]);
  });

  test('a run of a single event passes lists of one event, not the event itself', async () => {
    const ran = await runProcessor({ 'fetch-batch': batches(batchOf(claimedEvents(1))) });

    expect(publishes(ran).map(({ events }) => events)).toEqual([claimedEvents(1)]);
    expect(processedMarks(ran).map(({ outcomes }) => outcomes)).toEqual([[outcome(0)]]);
  });

  test('a run publishes in lists of the length that the stack sets, and the last list may be shorter', async () => {
    const ran = await runProcessor({ 'fetch-batch': batches(batchOf(claimedEvents(7))) }, { chunkSize: 3 });

    expect(publishes(ran).map(({ events }) => events.length)).toEqual([3, 3, 1]);
    expect(processedMarks(ran)[0]?.outcomes).toHaveLength(7);
  });

  test('events that travel by reference share lists of their own, so that one call reads a list', async () => {
    const inline = claimedEvents(2);
    const referenced = claimedEvents(12, 2).map((event) => byReference(event, 10_000));
    const list = [referenced[0], inline[0], ...referenced.slice(1), inline[1]] as ClaimedEvent[];

    const ran = await runProcessor({ 'fetch-batch': batches(batchOf(list)) }, { chunkSize: 10 });

    expect(publishes(ran).map(({ events }) => events)).toEqual([
      inline,
      referenced.slice(0, 10),
      referenced.slice(10),
    ]);
  });

  test('a run publishes each event that has to be read in slices separately', async () => {
    const [small, fitting, large] = claimedEvents(3) as [ClaimedEvent, ClaimedEvent, ClaimedEvent];
    const list = [byReference(large, 48_001), small, byReference(fitting, 48_000)];

    const ran = await runProcessor({ 'fetch-batch': batches(batchOf(list)) }, { chunkSize: 10 });

    expect(publishes(ran).map(({ events }) => events)).toEqual([[small], [list[2]], [list[0]]]);
  });

  test('a run publishes each retried event separately, because it may have killed its publisher', async () => {
    const [first, second, third] = claimedEvents(3) as [ClaimedEvent, ClaimedEvent, ClaimedEvent];
    const again = { ...second, attempts: 2 };

    const ran = await runProcessor(
      { 'fetch-batch': batches(batchOf([first, again, third])) },
      { chunkSize: 10 },
    );

    expect(publishes(ran).map(({ events }) => events)).toEqual([[first, third], [again]]);
  });

  test('a run publishes each event that an outage gave back separately, because the bus may never answer it', async () => {
    const [first, second, third] = claimedEvents(3) as [ClaimedEvent, ClaimedEvent, ClaimedEvent];
    const again: ClaimedEvent = { ...second, givenBack: true };

    const ran = await runProcessor(
      { 'fetch-batch': batches(batchOf([first, again, third])) },
      { chunkSize: 10 },
    );

    expect(publishes(ran).map(({ events }) => events)).toEqual([[first, third], [again]]);
  });

  test('a run with only events by reference publishes them in one list, and those tried before separately', async () => {
    const list = claimedEvents(3).map((event, index) => ({
      ...byReference(event, 100),
      attempts: index < 2 ? 1 : 2,
    }));

    const ran = await runProcessor({ 'fetch-batch': batches(batchOf(list)) }, { chunkSize: 10 });

    expect(publishes(ran).map(({ events }) => events)).toEqual([list.slice(0, 2), list.slice(2)]);
  });

  test('a run has at most 40 publishes in progress', async () => {
    const slow = taking(
      1,
      publishing(() => undefined),
    );

    const ran = await runProcessor({
      'fetch-batch': batches(batchOf(claimedEvents(81))),
      'publish-event': slow,
    });

    const atOnce = [0, 1, 2].map((at) => ran.calls('publish-event').filter((call) => call.at === at).length);
    expect(atOnce).toEqual([40, 40, 1]);
  });

  test('a run fetches another batch while more is due and adds up its totals', async () => {
    const refusing = publishing((id) => (id === eventId(4) ? lambdaError('EventRejected') : undefined));

    const ran = await runProcessor({
      'fetch-batch': batches(
        batchOf(claimedEvents(3), { more: true, failedForGood: 2 }),
        batchOf(claimedEvents(2, 3), { more: true }),
        batchOf(claimedEvents(1, 5)),
      ),
      'publish-event': refusing,
      'mark-failed': () => ({ recorded: 1, failedForGood: 1, lost: [] }),
    });

    expect(ran.outcome).toMatchObject({
      output: { claimed: 6, published: 5, failed: 1, failedForGood: 3, batches: 3 },
    });
    expect(processedMarks(ran).map(({ outcomes }) => outcomes)).toEqual([
      [0, 1, 2].map(outcome),
      [outcome(3)],
      [outcome(5)],
    ]);
  });

  test('a run ends when a batch leaves nothing due', async () => {
    const ran = await runProcessor({
      'fetch-batch': batches(batchOf(claimedEvents(1)), batchOf(claimedEvents(1, 1))),
    });

    expect(fetches(ran)).toHaveLength(1);
  });

  test('a run continues after an empty batch that failed events for good and left more due', async () => {
    const ran = await runProcessor({
      'fetch-batch': batches(batchOf([], { failedForGood: 200, more: true }), batchOf(claimedEvents(1))),
    });

    expect(ran.outcome).toMatchObject({
      output: { ...none, claimed: 1, published: 1, failedForGood: 200, batches: 1 },
    });
  });

  test('every try of the first fetch of a run, and no other fetch, is marked as the first', async () => {
    const ran = await runProcessor({
      'fetch-batch': failingFirst(
        [lambdaError('DatabaseUnavailable')],
        batches(batchOf(claimedEvents(1), { more: true }), batchOf(claimedEvents(1, 1), { more: true })),
      ),
    });

    expect(fetches(ran).map(({ firstOfRun }) => firstOfRun)).toEqual([true, true, false, false]);
  });

  test('a run ends after an empty batch that neither claimed nor failed an event', async () => {
    const ran = await runProcessor({
      'fetch-batch': batches(batchOf([], { more: true }), batchOf([], { more: true })),
    });

    expect(ran.outcome).toMatchObject({ status: 'SUCCEEDED', output: none });
    expect(fetches(ran)).toHaveLength(1);
  });
});

describe('the lease token', () => {
  test('every batch of every run has a new lease token', async () => {
    const two = () => batches(batchOf(claimedEvents(1), { more: true }), batchOf(claimedEvents(1, 1)));

    const runs = [await runProcessor({ 'fetch-batch': two() }), await runProcessor({ 'fetch-batch': two() })];

    const tokens = runs.flatMap(fetches).map(({ leaseToken }) => leaseToken);
    expect(new Set(tokens).size).toBe(4);
    for (const token of tokens) expect(token).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  test('all tries of one fetch and the mark of its failures have the same lease token', async () => {
    const unavailable = Array.from({ length: 5 }, () => lambdaError('DatabaseUnavailable'));

    const ran = await runProcessor({
      'fetch-batch': failingFirst(unavailable, batches(batchOf(claimedEvents(1)))),
      'publish-event': publishing(() => lambdaError('EventRejected')),
    });

    const tokens = fetches(ran).map(({ leaseToken }) => leaseToken);
    expect(tokens).toHaveLength(6);
    expect(new Set([...tokens, ...failedMarks(ran).map(({ leaseToken }) => leaseToken)]).size).toBe(1);
    expect(ran.calls('fetch-batch').map(({ at }) => at)).toEqual([0, 1, 3, 7, 15, 30]);
  });
});

describe('the expiry of a call', () => {
  test('every try of a fetch and of a publish is sent with its own expiry', async () => {
    const ran = await runProcessor(
      {
        'fetch-batch': failingFirst(
          [lambdaError('DatabaseUnavailable')],
          taking(2, batches(batchOf(claimedEvents(1)))),
        ),
        'publish-event': failingFirst(
          [lambdaError('PublishFailed')],
          publishing(() => undefined),
        ),
      },
      { random: () => 1 },
    );

    const waits = (step: string) =>
      ran
        .calls(step)
        .map(({ at, payload }) => Number((payload as { expiresAt?: number }).expiresAt) - at * 1_000);
    const [start = Number.NaN] = waits('fetch-batch').map((wait) => wait - 5_000);
    expect(waits('fetch-batch')).toEqual([start + 5_000, start + 5_000]);
    expect(waits('publish-event')).toEqual([start + 5_000, start + 5_000]);
  });
});

describe('a run that always has more work', () => {
  // Each batch takes ten seconds.
  const endless = () => {
    let taken = 0;
    return {
      'fetch-batch': taking(3, () => batchOf(claimedEvents(1, taken++), { more: true })),
      'publish-event': taking(
        4,
        publishing(() => undefined),
      ),
      'mark-processed': taking(3, () => ({ recorded: 1, failedForGood: 0, lost: [] })),
    };
  };

  test.each([
    ['for 30 seconds', {}, 30, [0, 10, 20]],
    ['for fewer when the stack leaves it fewer', {}, 10, [0]],
    ['for fewer when its input says so', { loopSeconds: 15 }, 30, [0, 10]],
    ['for the 20 seconds of a redrive', { loopSeconds: 20, redriveId: 'arn' }, 30, [0, 10]],
    ['never for more than the stack says', { loopSeconds: 600 }, 30, [0, 10, 20]],
    ['once even when it is given no time', { loopSeconds: 0 }, 30, [0]],
  ])('a run begins batches %s', async (_, input, loopSeconds, begun) => {
    const ran = await runProcessor(endless(), { input, loopSeconds });

    expect(ran.calls('fetch-batch').map(({ at }) => at)).toEqual(begun);
    expect(ran.outcome).toMatchObject({ status: 'SUCCEEDED', output: { batches: begun.length } });
  });
});

function byReference({ detail: _, ...event }: ClaimedEvent, bytes: number): ClaimedEvent {
  return { ...event, byReference: { bytes, version: 812 } };
}

function outcome(n: number) {
  return { eventId: eventId(n), eventBridgeId: bridgeId(eventId(n)) };
}
