import { describe, expect, test } from '@jest/globals';
import { TaskError } from '../../twin/services/step-functions/asl/task-error.ts';
import {
  batches,
  batchOf,
  claimedEvents,
  eventId,
  failedMarks,
  fetches,
  processedMarks,
  publishes,
  publishing,
  runProcessor,
} from './processor.ts';
import { failing, failingFirst, hanging, lambdaError, type Step } from './run-definition.ts';

const three = () => batches(batchOf(claimedEvents(3)));

/** The second of three events gets this step, the others are published. */
function secondOf(step: Step): Step {
  const publish = publishing(() => undefined);
  return (payload, run) => {
    const [event] = payload['events'] as { eventId: string }[];
    return event?.eventId === eventId(1) ? step(payload, run) : publish(payload, run);
  };
}

describe.each<[string, Step, number]>([
  ['EventRejected', failing(lambdaError('EventRejected')), 1],
  ['PublishFailed', failing(lambdaError('PublishFailed')), 3],
  ['BusUnavailable', failing(lambdaError('BusUnavailable')), 3],
  ['Lambda.Unknown', failing(new TaskError('Lambda.Unknown', '{"errorType":"Runtime.ExitError"}')), 3],
  ['Sandbox.Timedout', failing(lambdaError('Sandbox.Timedout')), 3],
  ['PublishThrottled', failing(lambdaError('PublishThrottled')), 3],
  ['Lambda.TooManyRequestsException', failing(new TaskError('Lambda.TooManyRequestsException', 'no')), 3],
  ['SomethingNew', failing(lambdaError('SomethingNew')), 3],
  ['States.Timeout', hanging, 3],
])('a publish that ends with %s', (error, step, tries) => {
  test(`the event is tried ${tries === 1 ? 'once' : `${tries} times`} and recorded as failed; the others are published`, async () => {
    const ran = await runProcessor({ 'fetch-batch': three(), 'publish-event': secondOf(step) });

    const ofSecond = publishes(ran).filter(({ events }) => events[0]?.eventId === eventId(1));
    expect(ofSecond).toHaveLength(tries);
    expect(publishes(ran)).toHaveLength(tries + 2);
    expect(failedMarks(ran).map(({ outcomes }) => outcomes)).toEqual([
      [{ eventId: eventId(1), error, cause: expect.any(String) }],
    ]);
    expect(processedMarks(ran)[0]?.outcomes.map((outcome) => outcome.eventId)).toEqual([
      eventId(0),
      eventId(2),
    ]);
    expect(ran.outcome).toMatchObject({
      status: 'SUCCEEDED',
      output: { claimed: 3, published: 2, failed: 1, batches: 1 },
    });
  });
});

describe('publishing', () => {
  test('a publish waits up to one and up to two seconds between its tries', async () => {
    const ran = await runProcessor(
      { 'fetch-batch': three(), 'publish-event': secondOf(failing(lambdaError('PublishFailed'))) },
      { random: () => 1 },
    );

    expect(ran.calls('publish-event').map(({ at }) => at)).toEqual([0, 0, 0, 1, 3]);
  });

  test('a publish that succeeds on a later try leaves no failure', async () => {
    const publish = publishing(() => undefined);
    const flaky = failingFirst([lambdaError('PublishFailed'), lambdaError('BusUnavailable')], publish);

    const ran = await runProcessor({ 'fetch-batch': three(), 'publish-event': secondOf(flaky) });

    expect(ran.outcome).toMatchObject({ output: { published: 3, failed: 0 } });
    expect(failedMarks(ran)).toEqual([]);
  });

  test('Mark processed is skipped when no event was published', async () => {
    const ran = await runProcessor({
      'fetch-batch': three(),
      'publish-event': failing(lambdaError('EventRejected')),
    });

    expect(processedMarks(ran)).toEqual([]);
    expect(failedMarks(ran)[0]?.outcomes.map((outcome) => outcome.eventId)).toEqual([0, 1, 2].map(eventId));
  });

  test('a publish whose answer exceeds the size limit of the state fails only its own event', async () => {
    const ran = await runProcessor({
      'fetch-batch': three(),
      'publish-event': secondOf(() => ({ published: [{ eventId: 'x'.repeat(262_144) }], failed: [] })),
    });

    expect(failedMarks(ran)[0]?.outcomes).toMatchObject([
      { eventId: eventId(1), error: 'States.DataLimitExceeded' },
    ]);
    expect(processedMarks(ran)[0]?.outcomes).toHaveLength(2);
    // It was sent before the answer was too large, so it is not sent again.
    expect(ran.calls('publish-event')).toHaveLength(3);
  });
});

describe('the cause of a failure', () => {
  const noted = async (cause?: string) => {
    const ran = await runProcessor({
      'fetch-batch': three(),
      'publish-event': secondOf(failing(new TaskError('EventRejected', cause))),
    });
    return failedMarks(ran)[0]?.outcomes[0]?.cause;
  };

  test('the cause is cut after 256 characters, and an emoji counts as one', async () => {
    expect(await noted('x'.repeat(256))).toBe('x'.repeat(256));
    expect(await noted('x'.repeat(257))).toBe('x'.repeat(256));
    expect(await noted('😀'.repeat(300))).toBe('😀'.repeat(256));
  });

  test('the cause of a timeout says what did not answer within which time', async () => {
    const ran = await runProcessor({ 'fetch-batch': three(), 'publish-event': secondOf(hanging) });

    expect(failedMarks(ran)[0]?.outcomes).toEqual([
      {
        eventId: eventId(1),
        error: 'States.Timeout',
        cause: 'the publisher did not answer within 5 seconds',
      },
    ]);
  });

  test('a missing cause becomes the empty text', async () => {
    expect(await noted()).toBe('');
  });

  test('the cause keeps its quotes, and its control characters become spaces', async () => {
    expect(await noted('a "b" \\ \u0000\n\u001f c')).toBe('a "b" \\     c');
  });
});

describe('a list of events', () => {
  test('a list that was published in part is recorded by both marks', async () => {
    const ran = await runProcessor(
      {
        'fetch-batch': batches(batchOf(claimedEvents(5))),
        'publish-event': publishing((id) =>
          [1, 4].map(eventId).includes(id)
            ? new TaskError('PublishFailed', 'InternalFailure: busy')
            : undefined,
        ),
      },
      { chunkSize: 4 },
    );

    expect(processedMarks(ran)[0]?.outcomes.map((outcome) => outcome.eventId)).toEqual(
      [0, 2, 3].map(eventId),
    );
    expect(failedMarks(ran)[0]?.outcomes).toEqual(
      [1, 4].map((n) => ({ eventId: eventId(n), error: 'PublishFailed', cause: 'InternalFailure: busy' })),
    );
    expect(ran.outcome).toMatchObject({ output: { claimed: 5, published: 3, failed: 2 } });
  });

  test('each event of a list that was not published is recorded as failed', async () => {
    const ran = await runProcessor(
      { 'fetch-batch': three(), 'publish-event': failing(lambdaError('PublishFailed')) },
      { chunkSize: 10 },
    );

    expect(publishes(ran)).toHaveLength(3);
    expect(failedMarks(ran)[0]?.outcomes).toMatchObject(
      [0, 1, 2].map((n) => ({ eventId: eventId(n), error: 'PublishFailed' })),
    );
  });
});

describe('an outage', () => {
  const more = () => batches(batchOf(claimedEvents(3), { more: true }), batchOf(claimedEvents(3, 3)));

  test('a batch of which nothing was accepted because of BusUnavailable is an outage, and the run ends', async () => {
    const ran = await runProcessor({
      'fetch-batch': more(),
      'publish-event': failing(lambdaError('BusUnavailable')),
    });

    expect(ran.outcome).toMatchObject({
      status: 'SUCCEEDED',
      output: { claimed: 3, published: 0, failed: 3, outage: true },
    });
    expect(fetches(ran)).toHaveLength(1);
    expect(failedMarks(ran).map(({ accepted }) => accepted)).toEqual([0]);
  });

  test('BusUnavailable for one event is no outage when others were accepted, and the run continues', async () => {
    const ran = await runProcessor({
      'fetch-batch': more(),
      'publish-event': secondOf(failing(lambdaError('BusUnavailable'))),
    });

    expect(ran.outcome).toMatchObject({ output: { claimed: 6, published: 5, failed: 1 } });
    expect(ran.outcome).not.toHaveProperty('output.outage');
    expect(failedMarks(ran).map(({ accepted }) => accepted)).toEqual([2]);
  });

  test('BusUnavailable for a part of a list is no outage when others were accepted, and the run continues', async () => {
    const ran = await runProcessor(
      {
        'fetch-batch': more(),
        'publish-event': publishing((id) =>
          id === eventId(2) ? new TaskError('BusUnavailable', 'TimeoutError: no answer') : undefined,
        ),
      },
      { chunkSize: 3 },
    );

    expect(fetches(ran)).toHaveLength(2);
    expect(failedMarks(ran).map(({ accepted }) => accepted)).toEqual([2]);
  });

  test('BusUnavailable for a whole list is no outage when another list was accepted, and the run continues', async () => {
    const ran = await runProcessor(
      {
        'fetch-batch': more(),
        'publish-event': publishing((id) =>
          id === eventId(2) ? undefined : new TaskError('BusUnavailable', 'TimeoutError: no answer'),
        ),
      },
      { chunkSize: 2 },
    );

    expect(ran.outcome).toMatchObject({ output: { claimed: 6, published: 1, failed: 5 } });
    // The second batch is an outage.
    expect(failedMarks(ran).map(({ accepted }) => accepted)).toEqual([1, 0]);
  });

  test.each([1, 3])(
    'the run ends when BusUnavailable is one of several reasons, in lists of %i, and nothing was accepted',
    async (chunkSize) => {
      const ran = await runProcessor(
        {
          'fetch-batch': more(),
          'publish-event': publishing(
            (id) => new TaskError(id === eventId(1) ? 'BusUnavailable' : 'PublishFailed', 'why'),
          ),
        },
        { chunkSize },
      );

      expect(fetches(ran)).toHaveLength(1);
      expect(failedMarks(ran)[0]?.outcomes).toHaveLength(3);
    },
  );

  test('an outage after accepted batches is in the output beside the published events', async () => {
    const ran = await runProcessor({
      'fetch-batch': more(),
      'publish-event': publishing((id) =>
        id < eventId(3) ? undefined : new TaskError('BusUnavailable', 'InternalException: no'),
      ),
    });

    expect(ran.outcome).toMatchObject({ output: { claimed: 6, published: 3, failed: 3, outage: true } });
  });

  test('an outage caused by throttling is in the output too', async () => {
    const ran = await runProcessor({
      'fetch-batch': more(),
      'publish-event': failing(lambdaError('PublishThrottled')),
    });

    expect(ran.outcome).toMatchObject({ status: 'SUCCEEDED', output: { published: 0, outage: true } });
  });

  test.each(['PublishFailed', 'EventRejected', 'States.Timeout', 'Lambda.Unknown', 'Sandbox.Timedout'])(
    'a batch in which every event failed with %s is no outage, and the run continues',
    async (error) => {
      const steps = { 'fetch-batch': more(), 'publish-event': failing(lambdaError(error)) };

      expect(fetches(await runProcessor(steps))).toHaveLength(2);
    },
  );
});

describe('a missing bus', () => {
  test('a run fails at its first fetch when the bus does not exist, without a retry and with that cause', async () => {
    const ran = await runProcessor({
      'fetch-batch': failing(lambdaError('BusMissing', 'event bus orders does not exist')),
    });

    expect(fetches(ran)).toHaveLength(1);
    expect(publishes(ran)).toEqual([]);
    expect(ran.outcome).toMatchObject({
      status: 'FAILED',
      error: 'RunFailed',
      cause: expect.stringMatching(/^BusMissing: .*event bus orders does not exist/),
    });
  });
});
