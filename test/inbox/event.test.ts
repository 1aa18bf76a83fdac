import { expect, test } from '@jest/globals';
import { NotAnOutboxEvent, processInOrder, processOnce } from '../../inbox/index.ts';
import { delivered } from '../support/inbox.ts';

const untouched = {
  query: async () => {
    throw new Error('no statement was expected');
  },
};
const placed = (fields: object) => delivered({ orderingKey: 'order-7', sequence: 4, ...fields });
const received: Readonly<Record<string, unknown>> = {
  'is no JSON': 'hello',
  'is no JSON object': '[1]',
  'is no JSON object: undefined': undefined,
  'has no text as "source"': delivered({}, { source: '' }),
  'has no text as "detail-type"': { source: 's', detail: {} },
  'has no object as "detail"': delivered({}, { detail: 'text' }),
  'has no uuid as "detail.eventId"': delivered({ eventId: '7' }),
  'has no uuid as "detail.eventId": {"source"': delivered({ eventId: undefined }),
  'has no text as "detail.aggregateId"': delivered({ aggregateId: 7 }),
  'has no text of 1 to 128 characters as "detail.orderingKey"': placed({ orderingKey: '' }),
  'has no text of 1 to 128 characters as "detail.orderingKey": {': placed({ orderingKey: 'x'.repeat(129) }),
  'has no positive integer as "detail.sequence"': placed({ sequence: '4' }),
  'has no positive integer as "detail.sequence": {': placed({ sequence: 2 ** 53 }),
  'has no integer below "detail.sequence" as "detail.previousSequence"': placed({ previousSequence: 4 }),
  'has no integer below "detail.sequence" as "detail.previousSequence": {': placed({ previousSequence: '3' }),
};

test.each(Object.entries(received))(
  'a message that %s is refused before any statement',
  async (why, message) => {
    for (const process of [processOnce, processInOrder]) {
      const refused = process(untouched, message, async () => undefined);
      await expect(refused).rejects.toThrow(NotAnOutboxEvent);
      await expect(refused).rejects.toMatchObject({
        name: 'NotAnOutboxEvent',
        message: expect.stringContaining(`the message ${why}`),
      });
    }
  },
);

test('a key of 128 characters beyond 16 bits is no longer than the table allows', async () => {
  await expect(
    processInOrder(untouched, placed({ orderingKey: '🍜'.repeat(128) }), async () => undefined),
  ).rejects.toThrow('no statement was expected');
});
