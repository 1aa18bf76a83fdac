import { randomUUID } from 'node:crypto';
import { webhookEvents } from '../../local/sample-events.ts';

/** The data that an application writes to any outbox. */
export interface BenchEvent {
  readonly id: string;
  readonly aggregateId: string;
  readonly eventType: string;
  readonly payload: object;
}

/** `small`: about 300 bytes of JSON. `webhooks`: GitHub's own examples, 10 KB on average and up to 27 KB. */
export type EventKind = 'small' | 'webhooks';

const AGGREGATES = 1_000;
const NOTE = 'the broth was rich, the noodles had bite and nobody at the table left a drop of it. '.repeat(2);

function smallEvent(index: number): Omit<BenchEvent, 'id'> {
  return {
    aggregateId: `dish-${index % AGGREGATES}`,
    eventType: 'dish.rated',
    payload: {
      dishId: `dish-${index % AGGREGATES}`,
      userId: `user-${index}`,
      rating: 4.5,
      note: NOTE,
      index,
    },
  };
}

/** The next `count` events of an endless series, each with its own id. */
export function eventsOf(kind: EventKind, from: number, count: number): readonly BenchEvent[] {
  const webhooks = kind === 'webhooks' ? webhookEvents() : [];
  return Array.from({ length: count }, (_, offset) => {
    const index = from + offset;
    return { ...(webhooks[index % webhooks.length] ?? smallEvent(index)), id: randomUUID() };
  });
}
