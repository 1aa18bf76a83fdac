import { describe, expect, test } from '@jest/globals';
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

const progress = { processed: 2, unfinished: 0, failedAgain: 0, errorTypes: [] };
const totals = { claimed: 2, published: 2, failed: 0, failedForGood: 0, batches: 1 };
const succeeded = { ExecutionArn: 'arn:child', Status: 'SUCCEEDED', Output: JSON.stringify(totals) };
const failed = { ExecutionArn: 'arn:child', Status: 'FAILED', Error: 'RunFailed', Cause: 'Mark failed: why' };

/** Requeues two events that the run publishes, unless the given steps differ. */
function runRedrive(steps: Steps, input: Json = { all: true }, resumeFrom?: ResumePoint): Promise<Ran> {
  const usual: Steps = {
    'requeue-events': () => ({ dryRun: false, events: 2, more: false }),
    startSyncExecution: () => succeeded,
    'verify-redrive': () => progress,
  };
  return runDefinition(
    'outbox-redrive',
    { ...usual, ...steps },
    { input, ...(resumeFrom && { resumeFrom }) },
  );
}

const failedAt = ({ outcome }: Ran) => ('failedAt' in outcome ? outcome.failedAt : undefined);

describe('a redrive', () => {
  test('a redrive requeues, runs the processor and verifies under its own execution', async () => {
    const input = { eventType: 'dish.rated', limit: 5 };

    const ran = await runRedrive({}, input);

    expect(ran.outcome).toEqual({ status: 'SUCCEEDED', output: progress });
    expect(ran.payloads('requeue-events')).toEqual([{ runId: runArn, request: input }]);
    expect(ran.payloads('verify-redrive')).toEqual([{ runId: runArn }]);
    const [start] = ran.payloads('startSyncExecution');
    expect(start).toEqual({ StateMachineArn: processorArn, Input: expect.any(String) });
    expect(JSON.parse(String(start?.['Input']))).toEqual({
      loopSeconds: 20,
      lingerSeconds: 0,
      redriveId: runArn,
    });
  });

  test.each<[string, Json]>([
    ['a dry run that matches', { dryRun: true, events: 7, more: false }],
    ['a dry run that does not match', { dryRun: true, events: 0, more: false }],
    ['a filter that matches nothing', { dryRun: false, events: 0, more: false }],
  ])('a redrive with %s succeeds without a run', async (_, requeued) => {
    const ran = await runRedrive({ 'requeue-events': () => requeued });

    expect(ran.outcome).toEqual({ status: 'SUCCEEDED', output: requeued });
    expect(Object.keys(ran.visits)).toEqual(['Requeue events', 'Anything to run?', 'Done']);
  });

  test('a redrive requeues batch after batch while there are more, with the same request each time', async () => {
    const input = { all: true };
    const answers = [500, 1_000, 1_200].map((events) => ({ dryRun: false, events, more: events < 1_200 }));

    const ran = await runRedrive({ 'requeue-events': () => answers.shift() }, input);

    expect(ran.payloads('requeue-events')).toEqual(Array(3).fill({ runId: runArn, request: input }));
    expect(ran.calls('startSyncExecution')).toHaveLength(1);
  });

  test('a redrive with an invalid request fails at once with the reason', async () => {
    const ran = await runRedrive({
      'requeue-events': failing(lambdaError('InvalidRedriveRequest', 'the filter is empty')),
    });

    expect(ran.calls('requeue-events')).toHaveLength(1);
    expect(ran.outcome).toMatchObject({
      status: 'FAILED',
      error: 'InvalidRedriveRequest',
      cause: expect.stringContaining('the filter is empty'),
    });
    expect(ran.seconds).toBe(0);
  });

  test('a redrive succeeds after the database was not available for half a minute', async () => {
    const away = Array.from({ length: 5 }, () => lambdaError('DatabaseUnavailable'));
    const requeue: Step = () => ({ dryRun: false, events: 2, more: false });

    const ran = await runRedrive({ 'requeue-events': failingFirst(away, requeue) });

    expect(ran.outcome).toMatchObject({ status: 'SUCCEEDED' });
    expect(ran.seconds).toBe(30);
  });
});

describe('a failed run of the processor', () => {
  test.each<[string, Json, string]>([
    ['failed', failed, 'the run arn:child ended FAILED: RunFailed Mark failed: why'],
    ['timed out', { ExecutionArn: 'arn:child', Status: 'TIMED_OUT' }, 'the run arn:child ended TIMED_OUT: '],
  ])('a run that %s fails the Task of the redrive with the cause of the run', async (_, child, said) => {
    const ran = await runRedrive({ startSyncExecution: () => child });

    expect(ran.outcome).toMatchObject({
      status: 'FAILED',
      error: 'States.QueryEvaluationError',
      cause: expect.stringContaining(said),
      failedAt: { state: 'Run processor' },
    });
    expect(ran.calls('startSyncExecution')).toHaveLength(1);
    expect(ran.visits).not.toHaveProperty('Verify redrive');
  });

  test('a redrive of the redrive repeats only the failed run and what follows it', async () => {
    const first = await runRedrive({ startSyncExecution: () => failed });

    const second = await runRedrive({}, { all: true }, failedAt(first));

    expect(second.outcome).toEqual({ status: 'SUCCEEDED', output: progress });
    expect(Object.keys(second.visits)).toEqual(['Run processor', 'Verify redrive', 'Done']);
    expect(second.calls('requeue-events')).toEqual([]);
    expect(second.payloads('startSyncExecution')).toEqual(first.payloads('startSyncExecution'));
  });

  test('a run that could not be started fails the Task of the redrive', async () => {
    const ran = await runRedrive({
      startSyncExecution: failing(lambdaError('Sfn.StateMachineDoesNotExist')),
    });

    expect(failedAt(ran)).toMatchObject({ state: 'Run processor' });
  });
});

describe('the verification', () => {
  const unfinished = (times: number) =>
    Array.from({ length: times }, () => lambdaError('EventsUnfinished', '1 event is not processed yet'));

  test('the verification waits for scheduled runs in steps of 15 seconds', async () => {
    const ran = await runRedrive({ 'verify-redrive': failingFirst(unfinished(3), () => progress) });

    expect(ran.calls('verify-redrive').map(({ at }) => at)).toEqual([0, 15, 30, 45]);
    expect(ran.outcome).toEqual({ status: 'SUCCEEDED', output: progress });
  });

  test('the verification fails after ten minutes', async () => {
    const ran = await runRedrive({ 'verify-redrive': failing(lambdaError('EventsUnfinished')) });

    expect(ran.seconds).toBe(600);
    expect(ran.outcome).toMatchObject({ status: 'FAILED', error: 'EventsUnfinished' });
  });

  test('the verification fails at once when events failed again, with the reason', async () => {
    const failedAgain = lambdaError('EventsFailedAgain', '1 event failed again (MalformedDetail)');

    const ran = await runRedrive({
      'verify-redrive': failingFirst([...unfinished(1), failedAgain], () => progress),
    });

    expect(ran.calls('verify-redrive')).toHaveLength(2);
    expect(ran.outcome).toMatchObject({
      status: 'FAILED',
      error: 'EventsFailedAgain',
      cause: expect.stringContaining('MalformedDetail'),
      failedAt: { state: 'Verify redrive' },
    });
  });

  test('a redrive of the redrive repeats only a failed verification', async () => {
    const first = await runRedrive({ 'verify-redrive': failing(lambdaError('EventsFailedAgain')) });

    const second = await runRedrive({}, { all: true }, failedAt(first));

    expect(Object.keys(second.visits)).toEqual(['Verify redrive', 'Done']);
    expect(second.outcome).toEqual({ status: 'SUCCEEDED', output: progress });
  });
});
