import { expect, test } from '@jest/globals';
import { partlyOrdered, webhookEvents } from '../../local/sample-events.ts';

test('a few kinds of sample events carry an ordering key of their repository, and the others none', () => {
  const ordered = partlyOrdered(webhookEvents()).filter(({ orderingKey }) => orderingKey !== undefined);

  expect(ordered.length).toBeGreaterThan(10);
  expect(ordered.length).toBeLessThan(webhookEvents().length / 5);
  for (const { orderingKey, aggregateId, eventType } of ordered)
    expect(orderingKey).toBe(`${aggregateId} ${eventType.split('.')[0]}`);
});
