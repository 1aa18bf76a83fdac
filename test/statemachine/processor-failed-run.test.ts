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
  publishing,
  releases,
  runProcessor,
} from './processor.ts';
import {
  failing,
  failingFirst,
  hanging,
  lambdaError,
  type Ran,
  runArn,
  type Step,
} from './run-definition.ts';

/** Two events, of which the second fails; more is due. */
const mixed = () => ({
  'fetch-batch': batches(batchOf(claimedEvents(2), { more: true })),
  'publish-event': publishing((id) => (id === eventId(1) ? lambdaError('EventRejected') : undefined)),
});

const causeOf = ({ outcome }: Ran) => (outcome.status === 'FAILED' ? outcome.cause : undefined);

describe('a final failure of Mark processed', () => {
  const run = (step: Step) => runProcessor({ ...mixed(), 'mark-processed': step });

  test('Mark failed still runs after Mark processed failed, and then the run fails with the cause', async () => {
    const ran = await run(failing(lambdaError('DatabaseUnavailable', 'no connection')));

    expect(ran.calls('mark-processed')).toHaveLength(6);
    expect(failedMarks(ran)[0]?.outcomes).toMatchObject([{ eventId: eventId(1), error: 'EventRejected' }]);
    expect(ran.outcome).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
    expect(causeOf(ran)).toMatch(/^Mark processed: DatabaseUnavailable: .*no connection/);
  });

  test('the run begins no other batch and releases nothing, because its events may have been published', async () => {
    const ran = await run(failing(lambdaError('DatabaseUnavailable')));

    expect(fetches(ran)).toHaveLength(1);
    expect(releases(ran)).toEqual([]);
  });

  test('Mark processed is not retried when the database refuses it', async () => {
    const ran = await run(failing(lambdaError('DatabaseRefused', 'permission denied')));

    expect(ran.calls('mark-processed')).toHaveLength(1);
    expect(failedMarks(ran)).toHaveLength(1);
    expect(causeOf(ran)).toMatch(/^Mark processed: DatabaseRefused: .*permission denied/);
  });

  test('the cause of the run is set even when Mark processed failed without a cause', async () => {
    expect(causeOf(await run(failing(new TaskError('States.TaskFailed'))))).toBe(
      'Mark processed: States.TaskFailed: ',
    );
  });
});

describe('a step that does not answer', () => {
  test('a step that does not answer fails the run with a cause that names the step and its seconds', async () => {
    const fetch = await runProcessor({ 'fetch-batch': hanging });
    const release = await runProcessor({ 'fetch-batch': hanging, 'release-batch': hanging });
    const processed = await runProcessor({ ...mixed(), 'mark-processed': hanging });
    const failed = await runProcessor({ ...mixed(), 'mark-failed': hanging });

    const why = 'States.Timeout: Fetch batch did not answer within 5 seconds';
    expect(releases(fetch)).toMatchObject([
      { error: 'States.Timeout', cause: 'Fetch batch did not answer within 5 seconds' },
    ]);
    expect(causeOf(fetch)).toBe(why);
    expect(causeOf(release)).toBe(`${why}; Release batch: States.Timeout: no answer within 4 seconds`);
    expect(causeOf(processed)).toBe('Mark processed: States.Timeout: no answer within 4 seconds');
    expect(causeOf(failed)).toBe('Mark failed: States.Timeout: no answer within 4 seconds');
  });
});

describe('a failure of Mark failed', () => {
  test.each([
    ['DatabaseUnavailable', 6],
    ['DatabaseRefused', 1],
  ])(
    'when Mark failed fails for good with %s (tries: %i), the run fails with that cause',
    async (error, tries) => {
      const ran = await runProcessor({ ...mixed(), 'mark-failed': failing(lambdaError(error, 'because')) });

      expect(ran.calls('mark-failed')).toHaveLength(tries);
      expect(ran.outcome).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
      expect(causeOf(ran)).toMatch(new RegExp(`^Mark failed: ${error}: .*because`));
      expect(fetches(ran)).toHaveLength(1);
    },
  );

  test('when both Mark processed and Mark failed fail for good, the run fails once', async () => {
    const ran = await runProcessor({
      ...mixed(),
      'mark-processed': failing(lambdaError('DatabaseUnavailable')),
      'mark-failed': failing(lambdaError('DatabaseUnavailable')),
    });

    expect(ran.outcome).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
    expect(ran.visits).toMatchObject({ 'Run failed': 1 });
  });

  test('the run continues when a retry of Mark failed succeeds', async () => {
    let tries = 0;
    const recovering: Step = () => {
      if (++tries < 4) throw lambdaError('DatabaseUnavailable');
      return { recorded: 1, failedForGood: 1, lost: [] };
    };

    const ran = await runProcessor({ ...mixed(), 'mark-failed': recovering });

    expect(ran.outcome).toMatchObject({ status: 'SUCCEEDED', output: { failed: 1, failedForGood: 1 } });
  });
});

describe('marks while another session has locked a row', () => {
  const locked = lambdaError('RowsLocked', 'another session has locked 1 of 2 rows');
  const three = () => ({
    'fetch-batch': batches(
      batchOf(claimedEvents(2), { more: true }),
      batchOf(claimedEvents(2, 2), { more: true }),
      batchOf(claimedEvents(1, 4)),
    ),
  });
  /** Fails while the first event is among the outcomes. */
  const holdingFirst: Step = (payload) => {
    const { outcomes } = payload as unknown as { outcomes: readonly { eventId: string }[] };
    if (outcomes.some((outcome) => outcome.eventId === eventId(0))) throw locked;
    return { recorded: outcomes.length, failedForGood: 0, lost: [] };
  };

  test('Mark processed repeats the same call, and the run succeeds when the row is no longer locked', async () => {
    const recorded: Step = () => ({ recorded: 2, failedForGood: 0, lost: [] });

    const ran = await runProcessor({
      'fetch-batch': batches(batchOf(claimedEvents(2))),
      'mark-processed': failingFirst([locked, locked, locked, locked, locked], recorded),
    });

    expect(ran.outcome).toMatchObject({ status: 'SUCCEEDED', output: { published: 2 } });
    expect(ran.seconds).toBe(30);
    expect(new Set(processedMarks(ran).map((payload) => JSON.stringify(payload))).size).toBe(1);
  });

  test('the run continues with the next batch after RowsLocked of Mark processed and fails at its end', async () => {
    const ran = await runProcessor({ ...three(), 'mark-processed': holdingFirst }, { loopSeconds: 60 });

    expect(fetches(ran)).toHaveLength(3);
    expect(
      processedMarks(ran)
        .slice(6)
        .map(({ outcomes }) => outcomes.length),
    ).toEqual([2, 1]);
    expect(ran.outcome).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
    expect(causeOf(ran)).toMatch(/^Mark processed: RowsLocked: .*another session has locked 1 of 2 rows/);
    expect(releases(ran)).toEqual([]);
  });

  test('the run continues with the next batch after RowsLocked of Mark failed and fails at its end', async () => {
    const ran = await runProcessor(
      {
        ...three(),
        'publish-event': publishing(() => lambdaError('EventRejected')),
        'mark-failed': holdingFirst,
      },
      { loopSeconds: 60 },
    );

    expect(fetches(ran)).toHaveLength(3);
    expect(ran.outcome).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
    expect(causeOf(ran)).toMatch(/^Mark failed: RowsLocked: .*another session has locked 1 of 2 rows/);
  });

  test('a run that continues after RowsLocked ends when the next batch cannot be marked at all', async () => {
    const refusing: Step = (payload, run) => {
      holdingFirst(payload, run);
      throw lambdaError('DatabaseRefused', 'permission denied');
    };

    const ran = await runProcessor({ ...three(), 'mark-processed': refusing }, { loopSeconds: 60 });

    expect(fetches(ran)).toHaveLength(2);
    expect(causeOf(ran)).toMatch(/^Mark processed: RowsLocked: .*; Mark processed: DatabaseRefused: /);
  });
});

describe('the release of a batch', () => {
  const tooLarge: Step = () =>
    batchOf(claimedEvents(1).map((event) => ({ ...event, detail: 'x'.repeat(262_144) })));

  test.each<[string, Step, number, string]>([
    ['fails for good', failing(lambdaError('DatabaseUnavailable', 'gone')), 6, 'DatabaseUnavailable'],
    ['is refused', failing(lambdaError('DatabaseRefused', 'gone')), 1, 'DatabaseRefused'],
    ['answers more than the state can hold', tooLarge, 1, 'States.DataLimitExceeded'],
    ['answers something else', () => ({}), 6, 'States.QueryEvaluationError'],
  ])('the batch is released with the same token when Fetch batch %s', async (_, step, tries, error) => {
    const ran = await runProcessor({ 'fetch-batch': step });

    expect(fetches(ran)).toHaveLength(tries);
    const [leaseToken] = fetches(ran).map((payload) => payload.leaseToken);
    expect(releases(ran)).toEqual([{ leaseToken, error, cause: expect.any(String), runId: runArn }]);
    expect(ran.outcome).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
    expect(causeOf(ran)).toBe(`${error}: ${releases(ran)[0]?.cause}`);
  });

  test('the batch is released when its outcomes together exceed the size limit of the state', async () => {
    const ran = await runProcessor({
      'fetch-batch': batches(batchOf(claimedEvents(200), { more: true })),
      'publish-event': () => ({ published: [{ eventId: 'x'.repeat(1_400) }], failed: [] }),
    });

    expect(releases(ran)).toMatchObject([
      { leaseToken: fetches(ran)[0]?.leaseToken, error: 'States.DataLimitExceeded' },
    ]);
    expect(ran.outcome).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
    expect(ran.visits).not.toHaveProperty('Mark processed');
  });

  test('the batch is released with a cause of at most 1024 characters, or an empty one', async () => {
    const released = async (cause?: string) =>
      releases(await runProcessor({ 'fetch-batch': failing(new TaskError('DatabaseRefused', cause)) })).map(
        (payload) => payload.cause,
      );

    expect(await released('x'.repeat(10_000))).toEqual(['x'.repeat(1_024)]);
    expect(await released()).toEqual(['']);
  });

  test('when the release fails too, the run fails with the first error and the error of the release', async () => {
    const ran = await runProcessor({
      'fetch-batch': failing(lambdaError('DatabaseRefused', 'the first')),
      'release-batch': failing(lambdaError('DatabaseUnavailable', 'the second')),
    });

    expect(releases(ran)).toHaveLength(6);
    expect(ran.outcome).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
    expect(causeOf(ran)).toMatch(
      /^DatabaseRefused: .*the first.*; Release batch: DatabaseUnavailable: .*the second/,
    );
  });
});
