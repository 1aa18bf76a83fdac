import { describe, expect, test } from '@jest/globals';
import { readReplayRequest } from '../../outbox/replay-request.ts';
import type { Json } from '../../twin/services/step-functions/asl/json.ts';
import type { ResumePoint } from '../../twin/services/step-functions/asl/run.ts';
import {
  failing,
  failingFirst,
  lambdaError,
  processorArn,
  type Ran,
  runArn,
  runDefinition,
  type Step,
  type Steps,
} from './run-definition.ts';

const request = { eventType: 'dish.rated', reason: 'search was down' };
const published = (...ids: readonly string[]) =>
  ids.map((eventId) => ({ eventId, eventBridgeId: `eb-${eventId}` }));
const marked: Step = () => ({ recorded: 1, failedForGood: 0, lost: [] });

/** One answer after the other, and the last one for ever. */
const inTurn = (...answers: readonly object[]): Step => {
  const left = [...answers];
  return () => (left.length > 1 ? left.shift() : left[0]);
};

function runReplay(replay: Step, steps: Steps = {}, input: Json = request, resumeFrom?: ResumePoint) {
  const all = {
    'replay-events': replay,
    'mark-replayed': marked,
    startSyncExecution: () => ({ Status: 'SUCCEEDED' }),
  };
  return runDefinition('outbox-replay', { ...all, ...steps }, { input, ...(resumeFrom && { resumeFrom }) });
}

const failedAt = ({ outcome }: Ran) => ('failedAt' in outcome ? outcome.failedAt : undefined);
const cursors = (ran: Ran) =>
  ran.payloads('replay-events').map((payload) => (payload as { cursor: object }).cursor);

describe('a replay', () => {
  test('a replay publishes and marks batch after batch, each from where the last one ended', async () => {
    const ran = await runReplay(
      inTurn(
        { published: published('a', 'b'), rejected: [], cursor: { position: 1, more: true } },
        { published: published('c'), rejected: [], cursor: { position: 2, more: false } },
      ),
    );

    expect(ran.outcome).toEqual({ status: 'SUCCEEDED', output: { replayed: 3 } });
    expect(cursors(ran)).toEqual([{}, { position: 1, more: true }]);
    expect(ran.payloads('replay-events')[1]).toMatchObject({
      runId: runArn,
      request,
      settled: 2,
      retries: 0,
    });
    expect(ran.payloads('mark-replayed')).toEqual([
      { runId: runArn, reason: 'search was down', outcomes: published('a', 'b') },
      { runId: runArn, reason: 'search was down', outcomes: published('c') },
    ]);
    expect(ran.seconds).toBe(0);
  });

  test('a batch without a match is passed by, and a reason that nobody gave is null', async () => {
    const ran = await runReplay(
      inTurn(
        { published: [], rejected: [], cursor: { more: true } },
        { published: published('a'), rejected: [], cursor: { more: false, limitReached: true } },
      ),
      {},
      { all: true },
    );

    expect(ran.outcome).toEqual({ status: 'SUCCEEDED', output: { replayed: 1, limitReached: true } });
    expect(ran.payloads('mark-replayed')).toEqual([expect.objectContaining({ reason: null })]);
  });

  test('a dry run answers with its count and does nothing else', async () => {
    const matching = { dryRun: true, events: 7 };
    const ran = await runReplay(() => ({ cursor: {}, matching }));

    expect(ran.outcome).toEqual({ status: 'SUCCEEDED', output: matching });
    expect(Object.keys(ran.visits)).toEqual(['Begin replay', 'Replay events', 'What came of it?', 'Counted']);
  });

  test('refused events fail the replay after all others were published, and the first one is named', async () => {
    const rejected = [{ eventId: 'b', error: 'EventRejected', cause: 'MalformedDetail: no' }];
    const ran = await runReplay(
      inTurn(
        { published: published('a'), rejected, cursor: { more: true } },
        { published: [], rejected: [{ ...rejected[0], eventId: 'c' }], cursor: { more: true } },
        { published: published('d'), rejected: [], cursor: { more: false } },
      ),
    );

    expect(ran.outcome).toMatchObject({
      status: 'FAILED',
      error: 'EventsNotReplayed',
      cause:
        '2 events were replayed, and 2 were refused and stay processed as before, the first of them b: MalformedDetail: no',
    });
    expect(ran.payloads('replay-events').map(({ settled }: Json) => settled as number)).toEqual([0, 2, 3]);
  });
});

describe('live events', () => {
  const batch = { published: published('a'), rejected: [], cursor: { more: false } };

  test('live events go first: the processor runs at once, and then the replay goes on', async () => {
    const ran = await runReplay(inTurn({ cursor: { liveSince: 'noon', yields: 1 } }, batch));

    expect(ran.outcome).toMatchObject({ status: 'SUCCEEDED' });
    expect(ran.payloads('startSyncExecution')).toEqual([
      { StateMachineArn: processorArn, Input: expect.stringContaining('"loopSeconds":20') },
    ]);
    expect(cursors(ran)).toEqual([{}, { liveSince: 'noon', yields: 1 }]);
    expect(ran.seconds).toBe(0);
  });

  test('when runs do not take all that was due, the replay waits longer from run to run, whatever became of them', async () => {
    const away = [1, 2, 3, 40].map((yields) => ({ cursor: { liveSince: 'noon', yields } }));
    const ran = await runReplay(inTurn(...away, batch), { startSyncExecution: () => ({ Status: 'FAILED' }) });

    expect(ran.calls('startSyncExecution').map(({ at }) => at)).toEqual([0, 20, 50, 350]);
    expect(ran.outcome).toMatchObject({ status: 'SUCCEEDED' });
  });
});

describe('a replay that fails', () => {
  const batches = () =>
    inTurn(
      { published: published('a', 'b'), rejected: [], cursor: { position: 1, more: true } },
      { published: published('c'), rejected: [], cursor: { position: 2, more: false } },
    );

  test('a replay survives a bus that is away for six minutes, and says that it is trying again', async () => {
    const away = Array.from({ length: 10 }, () => lambdaError('BusUnavailable'));
    const ran = await runReplay(failingFirst(away, batches()));

    expect(ran.outcome).toEqual({ status: 'SUCCEEDED', output: { replayed: 3 } });
    expect(ran.seconds).toBe(362);
    expect(ran.payloads('replay-events').map(({ retries }: Json) => retries as number)).toEqual([
      ...Array.from({ length: 11 }, (_, retry) => retry),
      0,
    ]);
  });

  test('when it is redriven after that, it goes on with the batch that failed', async () => {
    const take = batches();
    const first = await runReplay((payload, run) => {
      if ((payload as { settled: number }).settled === 2) throw lambdaError('BusUnavailable');
      return take(payload, run);
    });
    const second = await runReplay(take, {}, request, failedAt(first));

    expect(first.outcome).toMatchObject({ status: 'FAILED', error: 'BusUnavailable' });
    expect(second.outcome).toEqual({ status: 'SUCCEEDED', output: { replayed: 3 } });
    expect(cursors(second)).toEqual([{ position: 1, more: true }]);
  });

  test('when the marks fail, a redrive repeats the marks and publishes nothing again', async () => {
    const take = batches();
    const first = await runReplay(take, { 'mark-replayed': failing(lambdaError('DatabaseRefused')) });
    const second = await runReplay(take, {}, request, failedAt(first));

    expect(failedAt(first)).toMatchObject({ state: 'Mark replayed' });
    expect(first.calls('mark-replayed')).toHaveLength(1);
    expect(Object.keys(second.visits)[0]).toBe('Mark replayed');
    expect(second.payloads('mark-replayed')).toMatchObject([
      { outcomes: published('a', 'b') },
      { outcomes: published('c') },
    ]);
    expect(second.outcome).toEqual({ status: 'SUCCEEDED', output: { replayed: 3 } });
  });

  test.each(['InvalidReplayRequest', 'BusMissing', 'OutboxPaused', 'LiveEventsWaiting'])(
    '%s ends it at once, at the Task, so that it can be redriven',
    async (error) => {
      const ran = await runReplay(failing(lambdaError(error, 'why')));

      expect(ran.calls('replay-events')).toHaveLength(1);
      expect(ran.outcome).toMatchObject({ status: 'FAILED', error });
      expect(failedAt(ran)).toMatchObject({ state: 'Replay events' });
    },
  );
});

test('the largest replay fits the history of a Standard execution, with a run of the processor before every batch', async () => {
  const entriesOf = async (batches: number) => {
    let calls = 0;
    const ran = await runReplay(() => {
      calls += 1;
      if (calls % 2 === 1) return { cursor: { yields: 1, more: true } };
      return { published: published('a'), rejected: [], cursor: { more: calls < 2 * batches } };
    });
    return ran.history.length;
  };
  const { batch, most } = readReplayRequest({ all: true, rate: 200 });

  const ofOne = (await entriesOf(3)) - (await entriesOf(2));

  expect(ofOne).toBeGreaterThan(20);
  expect((most / batch) * ofOne).toBeLessThan(20_000);
});
