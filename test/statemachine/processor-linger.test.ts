import { describe, expect, test } from '@jest/globals';
import { batches, batchOf, claimedEvents, fetches, publishing, runProcessor } from './processor.ts';
import { failingFirst, lambdaError } from './run-definition.ts';

const lingering = { loopSeconds: 30, lingerSeconds: 10, pollSeconds: 3 };
const fetchTimes = (ran: Awaited<ReturnType<typeof runProcessor>>) =>
  ran.calls('fetch-batch').map(({ at }) => at);

describe('a lingering run', () => {
  test('a lingering run fetches again until its time is over, and then succeeds', async () => {
    const ran = await runProcessor({}, lingering);

    expect(fetchTimes(ran)).toEqual([0, 3, 6, 9]);
    expect(ran.outcome).toMatchObject({ status: 'SUCCEEDED', output: { claimed: 0, batches: 0 } });
  });

  test('a lingering run publishes events that arrive while it waits', async () => {
    const ran = await runProcessor(
      {
        'fetch-batch': batches(
          batchOf([]),
          batchOf(claimedEvents(2)),
          batchOf([]),
          batchOf(claimedEvents(1, 2)),
        ),
      },
      lingering,
    );

    expect(fetchTimes(ran)).toEqual([0, 3, 6, 9]);
    expect(ran.outcome).toMatchObject({
      status: 'SUCCEEDED',
      output: { claimed: 3, published: 3, batches: 2 },
    });
  });

  test('a lingering run does not wait while more events are due', async () => {
    const full = batchOf(claimedEvents(1), { more: true });
    const ran = await runProcessor({ 'fetch-batch': batches(full, batchOf(claimedEvents(1, 1))) }, lingering);

    expect(fetchTimes(ran)).toEqual([0, 0, 3, 6, 9]);
  });

  test('a lingering run uses a new token for every fetch, so that each fetch claims new events', async () => {
    const ran = await runProcessor({}, lingering);

    expect(new Set(fetches(ran).map(({ leaseToken }) => leaseToken)).size).toBe(4);
  });

  test('a lingering run ends early in an outage', async () => {
    const ran = await runProcessor(
      {
        'fetch-batch': batches(batchOf(claimedEvents(1))),
        'publish-event': publishing(() => lambdaError('BusUnavailable')),
      },
      { ...lingering, random: () => 0 },
    );

    expect(fetchTimes(ran)).toEqual([0]);
    expect(ran.outcome).toMatchObject({ status: 'SUCCEEDED', output: { published: 0, failed: 1 } });
  });

  test('a lingering run fails at once when its outcomes cannot be recorded', async () => {
    const ran = await runProcessor(
      {
        'fetch-batch': batches(batchOf(claimedEvents(1))),
        'mark-processed': failingFirst([lambdaError('DatabaseRefused')], () => null),
      },
      lingering,
    );

    expect(fetchTimes(ran)).toEqual([0]);
    expect(ran.outcome).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
  });

  test.each([
    ['for a redrive, whose person waits', { loopSeconds: 20, lingerSeconds: 0 }],
    ['for a nudge, which has one batch', { loopSeconds: 0 }],
  ])('a run does not linger %s', async (_, input) => {
    const ran = await runProcessor({}, { ...lingering, input });

    expect(fetchTimes(ran)).toEqual([0]);
  });
});
