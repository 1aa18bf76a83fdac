import { describe, expect, test } from '@jest/globals';
import { readFailure } from '../../outbox/classify-failure.ts';
import { TaskError } from '../../twin/services/step-functions/asl/task-error.ts';
import {
  batches,
  batchOf,
  claimedEvents,
  failedMarks,
  processedMarks,
  publishing,
  releases,
  runProcessor,
} from './processor.ts';
import { failing, lambdaError, largestBytes, type Ran } from './run-definition.ts';

const STATE_BYTES = 262_144;
const BATCH_BYTES = 240_000;
const tenKilobytes = (text: string): string => text.repeat(Math.ceil(10_240 / text.length));
const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

function expectWithinLimits(ran: Ran): void {
  expect(largestBytes(ran)).toBeLessThan(STATE_BYTES);
  expect(ran.errors).not.toContain('States.DataLimitExceeded');
  expect(releases(ran)).toEqual([]);
}

describe('200 failed events', () => {
  const texts: [string, string][] = [
    ['ASCII', 'all is lost '],
    ['emoji', '😀'],
    ['control characters', '\u0001\u0000\n\t\u001f'],
    ['quotes and backslashes', '"\\'],
  ];

  test.each<[string, TaskError]>([
    ...texts.map(([name, text]): [string, TaskError] => [
      `${name} as text`,
      new TaskError('PublishFailed', tenKilobytes(text)),
    ]),
    ...texts.map(([name, text]): [string, TaskError] => [
      `${name} in the JSON of a Lambda error`,
      lambdaError('PublishFailed', tenKilobytes(text)),
    ]),
    // Only in JSON, as an ASCII escape: a text in UTF-8 cannot contain it.
    [
      'halves of surrogate pairs in the JSON of a Lambda error',
      lambdaError('PublishFailed', tenKilobytes('\ud83d')),
    ],
    ['no cause at all', new TaskError('States.TaskFailed')],
    ['a bus that is away', lambdaError('BusUnavailable', tenKilobytes('😀'))],
    ['an error of a long name', lambdaError(`Sandbox.${'Unexpected'.repeat(10)}`, tenKilobytes('😀'))],
  ])('200 failed events with %s are marked in one call', async (_, error) => {
    const events = claimedEvents(200);

    const ran = await runProcessor({
      'fetch-batch': batches(batchOf(events)),
      'publish-event': failing(error),
    });

    expectWithinLimits(ran);
    expect(ran.outcome).toMatchObject({ status: 'SUCCEEDED', output: { claimed: 200, failed: 200 } });
    const [marked, ...others] = failedMarks(ran);
    expect(others).toEqual([]);
    expect(marked?.outcomes.map(({ eventId }) => eventId)).toEqual(events.map(({ eventId }) => eventId));
    const [first] = marked?.outcomes ?? [];
    expect(first).toMatchObject({ error: error.error });
    expect(readFailure(first?.error ?? '', first?.cause ?? '').message).not.toBe('');
  });

  test('200 failed events with a timeout are marked in one call', async () => {
    const ran = await runProcessor({
      'fetch-batch': batches(batchOf(claimedEvents(200))),
      'publish-event': () => new Promise(() => undefined),
    });

    expectWithinLimits(ran);
    expect(failedMarks(ran).map(({ outcomes }) => outcomes.length)).toEqual([200]);
  });

  test('200 failed events in lists of ten are marked in one call', async () => {
    const ran = await runProcessor(
      {
        'fetch-batch': batches(batchOf(claimedEvents(200))),
        'publish-event': failing(lambdaError('PublishFailed', tenKilobytes('😀'))),
      },
      { chunkSize: 10 },
    );

    expectWithinLimits(ran);
    expect(failedMarks(ran).map(({ outcomes }) => outcomes.length)).toEqual([200]);
  });
});

/** A batch whose events have exactly the size that a claim allows. */
function fullBatch(count: number) {
  const events = claimedEvents(count);
  const spare = Math.floor((BATCH_BYTES - bytesOf(events)) / count);
  const filled = events.map((event) => ({ ...event, detail: `{}${'x'.repeat(spare)}` }));
  const [first, ...others] = filled;
  const rest = BATCH_BYTES - bytesOf(filled);
  return first === undefined ? [] : [{ ...first, detail: `${first.detail}${'x'.repeat(rest)}` }, ...others];
}

describe.each([200, 4, 1])('a batch of the largest allowed size with %i events', (count) => {
  const events = fullBatch(count);

  test('the largest batch fits all states when everything is published', async () => {
    const ran = await runProcessor({ 'fetch-batch': batches(batchOf(events)) });

    expect(bytesOf(events)).toBe(BATCH_BYTES);
    expectWithinLimits(ran);
    expect(largestBytes(ran)).toBeGreaterThan(BATCH_BYTES);
    expect(ran.outcome).toMatchObject({ status: 'SUCCEEDED', output: { claimed: count, published: count } });
    expect(processedMarks(ran)[0]?.outcomes).toHaveLength(count);
  });

  test('the largest batch fits all states when half of it fails with long errors', async () => {
    const half = new Set(events.filter((_, index) => index % 2 === 0).map(({ eventId }) => eventId));
    const error = lambdaError('EventRejected', tenKilobytes('😀'));

    const ran = await runProcessor({
      'fetch-batch': batches(batchOf(events, { more: true })),
      'publish-event': publishing((id) => (half.has(id) ? error : undefined)),
    });

    expectWithinLimits(ran);
    expect(failedMarks(ran)[0]?.outcomes).toHaveLength(half.size);
  });

  test('the largest batch fits all states in lists of ten', async () => {
    const ran = await runProcessor({ 'fetch-batch': batches(batchOf(events)) }, { chunkSize: 10 });

    expectWithinLimits(ran);
    expect(ran.outcome).toMatchObject({ output: { published: count } });
  });
});
