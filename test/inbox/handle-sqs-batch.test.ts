import { expect, jest, test } from '@jest/globals';
import { handleSqsBatch, OutOfOrder } from '../../inbox/index.ts';
import { delivered, orderedEvents } from '../support/inbox.ts';

const batch = (...events: readonly unknown[]) => ({
  Records: events.map((event, index) => ({ messageId: `m${index}`, body: JSON.stringify(event) })),
});
const failures = (...ids: readonly string[]) => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});
const sequenceOf = (body: string): unknown => JSON.parse(body).detail.sequence;

test('messages that are processed are not given back', async () => {
  expect(await handleSqsBatch(batch(delivered(), delivered()), async () => undefined)).toEqual(failures());
});

test('the events of a key are processed in their order, whatever the order of the messages', async () => {
  const [first, second, third] = orderedEvents('a', [1, 2, 3]);
  const processed: unknown[] = [];

  await handleSqsBatch(batch(third, first, second), async (body) => processed.push(sequenceOf(body)));

  expect(processed).toEqual([1, 2, 3]);
});

test('after a failure, the later messages of its key come back without an attempt, and others are processed', async () => {
  const [first, second, third] = orderedEvents('a', [1, 3, 5]);
  const [other] = orderedEvents('b', [4]);
  const [ofOtherSource] = orderedEvents('a', [6], { source: 'other.outbox' });
  const tried: unknown[] = [];
  const failed: unknown[] = [];

  const answer = await handleSqsBatch(
    batch(third, other, second, first, ofOtherSource),
    async (body) => {
      tried.push(sequenceOf(body));
      if (sequenceOf(body) === 3) throw new Error('the work fails');
    },
    { onFailure: (error, messageId) => failed.push([(error as Error).message, messageId]) },
  );

  expect(answer).toEqual(failures('m2', 'm0'));
  expect(tried).toEqual([1, 3, 4, 6]);
  expect(failed).toEqual([['the work fails', 'm2']]);
});

test('a message that is no event comes back, and the others are processed', async () => {
  const onFailure = jest.fn();
  const Records = [{ messageId: 'bad', body: 'hello' }, ...batch(delivered()).Records];

  expect(await handleSqsBatch({ Records }, async () => undefined, { onFailure })).toEqual(failures('bad'));
  expect(onFailure).toHaveBeenCalledWith(expect.objectContaining({ name: 'NotAnOutboxEvent' }), 'bad');
});

test('by default, an event out of order is information in the log, and another failure an error', async () => {
  const info = jest.spyOn(console, 'info').mockImplementation(() => undefined);
  const error = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  const early = new OutOfOrder({
    ...{ consumer: 'default', source: 's', orderingKey: 'a' },
    ...{ position: 0, sequence: 9, previousSequence: 4 },
  });
  const reasons = [early, new Error('the work fails')];
  try {
    await handleSqsBatch(batch(delivered(), delivered()), () => Promise.reject(reasons.shift()));

    expect(info.mock.calls).toEqual([['m0', expect.stringContaining('follows 4')]]);
    expect(error.mock.calls).toEqual([['m1', expect.objectContaining({ message: 'the work fails' })]]);
  } finally {
    info.mockRestore();
    error.mockRestore();
  }
});

test('a process function that throws at once fails its message only', async () => {
  const answer = await handleSqsBatch(
    batch(delivered()),
    () => {
      throw new Error('at once');
    },
    { onFailure: () => undefined },
  );

  expect(answer).toEqual(failures('m0'));
});
