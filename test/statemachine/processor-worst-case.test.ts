import { describe, expect, test } from '@jest/globals';
import {
  batches,
  batchOf,
  claimedEvents,
  eventId,
  failedMarks,
  processedMarks,
  publishing,
  releases,
  runProcessor,
} from './processor.ts';
import { failingFirst, hanging, lambdaError, type Step, taking } from './run-definition.ts';

/** Every wait between two publishes is as long as its jitter allows. */
const slowly = { random: () => 1 };
/** The longest times in which a mark and a fetch still succeed. */
const justInTime = 3.99;
const fetchedInTime = 4.99;
const recorded = { recorded: 1, failedForGood: 0, lost: [] };

/** Hangs this many times, then runs the step. */
function hangingFirst(times: number, step: Step): Step {
  let left = times;
  return (payload, run) => (left-- > 0 ? hanging(payload, run) : step(payload, run));
}

describe('a run in which every try of a task times out', () => {
  test('the run gives up its batch and fails before its timeout when every fetch times out', async () => {
    const ran = await runProcessor({ 'fetch-batch': hanging, 'release-batch': hanging }, slowly);

    expect(ran.calls('fetch-batch').map(({ at }) => at)).toEqual([0, 6, 13, 22, 35, 55]);
    expect(releases(ran)).toHaveLength(6);
    expect(ran.outcome).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
    expect(ran.seconds).toBe(60 + 54);
  });

  test('the run fails before its timeout when every publish and every mark times out', async () => {
    const ran = await runProcessor(
      {
        'fetch-batch': batches(batchOf(claimedEvents(200), { more: true })),
        'publish-event': hanging,
        'mark-failed': hanging,
      },
      slowly,
    );

    expect(ran.calls('publish-event')).toHaveLength(600);
    expect(failedMarks(ran)[0]?.outcomes).toHaveLength(200);
    expect(ran.outcome).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
    expect(ran.seconds).toBe(5 * 18 + 54);
  });
});

/** Batches that are fast until the last moment in which another batch may begin, and then take the longest time. */
function lastMoment(marks: { processed: Step; failed: Step }) {
  const publish = publishing(() => undefined);
  const lastEvent = hangingFirst(2, taking(4.99, publish));
  const fetchLast = hangingFirst(
    5,
    taking(fetchedInTime, () => batchOf(claimedEvents(200, 1), { more: true })),
  );
  const fetchFirst = failingFirst(
    Array.from({ length: 4 }, () => lambdaError('DatabaseUnavailable')),
    taking(justInTime, () => batchOf(claimedEvents(1), { more: true })),
  );
  let fetched = false;
  let marked = false;
  const steps: Record<string, Step> = {
    'fetch-batch': async (payload, run) => {
      if (fetched) return fetchLast(payload, run);
      const batch = await fetchFirst(payload, run);
      fetched = true;
      return batch;
    },
    'publish-event': (payload, run) => {
      const [event] = payload['events'] as { eventId: string }[];
      if (event?.eventId === eventId(0)) return taking(4.99, publish)(payload, run);
      return event?.eventId === eventId(200) ? lastEvent(payload, run) : hanging(payload, run);
    },
    'mark-processed': (payload, run) => {
      if (marked) return marks.processed(payload, run);
      marked = true;
      return taking(justInTime, () => recorded)(payload, run);
    },
    'mark-failed': marks.failed,
  };
  return steps;
}

describe('the longest way through the last batch', () => {
  test('the longest way through the last batch that fails ends before the timeout of the run, after all retries', async () => {
    const ran = await runProcessor(lastMoment({ processed: hanging, failed: hanging }), slowly);

    const begun = ran.calls('fetch-batch').map(({ at }) => at)[5] ?? 0;
    expect(begun).toBeGreaterThan(25);
    expect(begun).toBeLessThan(30);
    expect(processedMarks(ran)).toHaveLength(1 + 6);
    expect(failedMarks(ran)).toHaveLength(6);
    expect(ran.outcome).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
    // 258 s for one batch, minus the hundredths of a second by which three answers were in time.
    expect(ran.seconds - begun).toBeCloseTo(258, 1);
    expect(ran.seconds).toBeLessThan(290);
  });

  test('the longest way through the last batch that succeeds ends before the timeout of the run', async () => {
    const atLast = () =>
      hangingFirst(
        5,
        taking(justInTime, () => recorded),
      );

    const ran = await runProcessor(lastMoment({ processed: atLast(), failed: atLast() }), slowly);

    expect(ran.outcome).toMatchObject({
      status: 'SUCCEEDED',
      output: { claimed: 201, published: 2, failed: 199, batches: 2 },
    });
    expect(ran.seconds).toBeGreaterThan(275);
    expect(ran.seconds).toBeLessThan(290);
  });
});

test('no run begins another batch at second 30', async () => {
  const ran = await runProcessor({
    'fetch-batch': batches(batchOf(claimedEvents(1), { more: true }), batchOf(claimedEvents(1, 1))),
    'mark-processed': failingFirst(
      Array.from({ length: 5 }, () => lambdaError('DatabaseUnavailable')),
      () => recorded,
    ),
  });

  expect(ran.seconds).toBe(30);
  expect(ran.calls('fetch-batch')).toHaveLength(1);
  expect(ran.outcome).toMatchObject({ status: 'SUCCEEDED', output: { batches: 1 } });
});
