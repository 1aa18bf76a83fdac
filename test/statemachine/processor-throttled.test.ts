import { describe, expect, test } from '@jest/globals';
import type { Batch } from '../../outbox/claim.ts';
import { TaskError } from '../../twin/services/step-functions/asl/task-error.ts';
import {
  batches,
  batchOf,
  claimedEvents,
  eventId,
  failedMarks,
  fetches,
  publishing,
  runProcessor,
} from './processor.ts';
import type { Ran, RunOptions } from './run-definition.ts';

const throttled = new TaskError('PublishThrottled', 'ThrottlingException: slow down');

/** Two events per batch, with more due after each; the second event of these batches is throttled on every try. */
function runThrottled(which: readonly number[], options: RunOptions = {}, error = throttled): Promise<Ran> {
  const list = Array.from({ length: 40 }, (_, n): Batch => batchOf(claimedEvents(2, 2 * n), { more: true }));
  const ids = new Set(which.map((n) => eventId(2 * n + 1)));
  return runProcessor(
    {
      'fetch-batch': batches(...list),
      'publish-event': publishing((id) => (ids.has(id) ? error : undefined)),
    },
    // No waits between the tries of one publish.
    { random: () => 0, ...options },
  );
}

const begun = (ran: Ran): number[] => ran.calls('fetch-batch').map(({ at }) => at);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('throttling of a part of a batch', () => {
  test.each(['PublishThrottled', 'Lambda.TooManyRequestsException'])(
    'throttling slows the run down: with %s the wait before the next batch doubles up to eight seconds',
    async (error) => {
      const ran = await runThrottled(upTo(40), {}, new TaskError(error, 'slow down'));

      expect(begun(ran)).toEqual([0, 1, 3, 7, 15, 23]);
      expect(ran.visits).toMatchObject({ 'Slow down': 5 });
      expect(ran.outcome).toMatchObject({ status: 'SUCCEEDED', output: { published: 6, failed: 6 } });
    },
  );

  test('the wait halves after every batch that is not throttled', async () => {
    const ran = await runThrottled([0, 1, 2]);

    expect(begun(ran).slice(0, 8)).toEqual([0, 1, 3, 7, 9, 10, 10, 10]);
  });

  test('throttling of a part of a list slows the run down', async () => {
    const ran = await runThrottled([0], { chunkSize: 10 });

    expect(begun(ran).slice(0, 3)).toEqual([0, 1, 1]);
    expect(failedMarks(ran)).toMatchObject([
      { accepted: 1, outcomes: [{ eventId: eventId(1), error: 'PublishThrottled' }] },
    ]);
  });

  // Batches would begin at seconds 1, 3, 7, 15 and 23.
  test.each([
    [15, 7],
    [16, 15],
    [23, 15],
    [24, 23],
  ])(
    'no batch begins after the %i seconds of its run, including the wait before the batch',
    async (loopSeconds, last) => {
      expect(begun(await runThrottled(upTo(40), { loopSeconds })).at(-1)).toBe(last);
    },
  );

  test('throttling that ends with a retry does not slow the run down', async () => {
    let tries = 0;
    const publish = publishing(() => undefined);

    const ran = await runProcessor(
      {
        'fetch-batch': batches(batchOf(claimedEvents(2), { more: true }), batchOf(claimedEvents(2, 2))),
        'publish-event': (payload, run) => {
          if (++tries === 1) throw throttled;
          return publish(payload, run);
        },
      },
      { random: () => 0 },
    );

    expect(begun(ran)).toEqual([0, 0]);
    expect(ran.visits).not.toHaveProperty('Slow down');
  });
});

describe('throttling that ends within the publishers', () => {
  /** A list of throttled answers for each batch of two events, all of which are accepted in the end. */
  async function publishersAfter(...throttled: readonly number[]) {
    const list = throttled.map((_, n): Batch => batchOf(claimedEvents(2, 2 * n), { more: true }));
    let invocation = 0;
    const publish = publishing(() => undefined);
    const ran = await runProcessor({
      'fetch-batch': batches(...list, batchOf([])),
      'publish-event': async (payload, run) => ({
        ...((await publish(payload, run)) as object),
        throttled: (throttled[Math.floor(invocation++ / 2)] ?? 0) / 2,
      }),
    });
    return {
      claimed: fetches(ran).map(({ maxEvents }) => maxEvents),
      output: ran.outcome,
      visits: ran.visits,
    };
  }

  test('lowers the publishers of the next batch, and its size with them, and recovers', async () => {
    // More refusals than events, as many, and none.
    const { claimed, output, visits } = await publishersAfter(4, 4, 4, 4, 2, 0, 0);

    expect(claimed).toEqual([200, 100, 50, 25, 25, 25, 50, 75]);
    expect(output).toMatchObject({ status: 'SUCCEEDED', output: { throttled: 18, publishers: 15 } });
    expect(visits).not.toHaveProperty('Slow down');
  });

  test('is not in the output of a run that was not throttled', async () => {
    const { output } = await publishersAfter(0);

    expect(output.status === 'SUCCEEDED' && output.output).not.toHaveProperty('throttled');
  });
});

describe('throttling of a whole batch', () => {
  test.each(['PublishThrottled', 'Lambda.TooManyRequestsException'])(
    'the run ends when no event was accepted because of %s',
    async (error) => {
      const ran = await runProcessor({
        'fetch-batch': batches(batchOf(claimedEvents(2), { more: true })),
        'publish-event': publishing(() => new TaskError(error, 'slow down')),
      });

      expect(fetches(ran)).toHaveLength(1);
      expect(failedMarks(ran)).toMatchObject([{ accepted: 0 }]);
      expect(ran.outcome).toMatchObject({ status: 'SUCCEEDED', output: { published: 0, failed: 2 } });
    },
  );
});

describe('a lingering run that is throttled', () => {
  const lingering = { lingerSeconds: 20, pollSeconds: 1, random: () => 0 };

  test('a lingering run waits for the longer of its two waits and becomes faster while nothing is due', async () => {
    const full = (n: number, more: boolean) => batchOf(claimedEvents(2, 2 * n), { more });
    const ids = new Set([eventId(1), eventId(3), eventId(5)]);

    const ran = await runProcessor(
      {
        'fetch-batch': batches(full(0, true), full(1, true), full(2, false)),
        'publish-event': publishing((id) => (ids.has(id) ? throttled : undefined)),
      },
      lingering,
    );

    expect(begun(ran)).toEqual([0, 1, 3, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect(ran.visits).toMatchObject({ 'Slow down': 2 });
  });
});
