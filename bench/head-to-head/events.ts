import { randomUUID } from 'node:crypto';
import { webhookEvents } from '../../local/sample-events.ts';

/** The data that an application writes to any outbox. */
export interface BenchEvent {
  readonly id: string;
  readonly aggregateId: string;
  readonly eventType: string;
  readonly payload: object;
}

/**
 * `small`: about 300 bytes of JSON. `bursts`: the same, five events of one aggregate after each other. `webhooks`:
 * GitHub's own examples, 10 KB on average and up to 27 KB.
 */
export type EventKind = 'small' | 'bursts' | 'webhooks';

const AGGREGATES = 1_000;
const NOTE = 'the broth was rich, the noodles had bite and nobody at the table left a drop of it. '.repeat(2);

const BURST = 5;

function smallEvent(index: number, aggregate: number): Omit<BenchEvent, 'id'> {
  const aggregateId = `dish-${aggregate % AGGREGATES}`;
  return {
    aggregateId,
    eventType: 'dish.rated',
    payload: {
      dishId: aggregateId,
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
    const aggregate = kind === 'bursts' ? Math.floor(index / BURST) : index;
    return { ...(webhooks[index % webhooks.length] ?? smallEvent(index, aggregate)), id: randomUUID() };
  });
}
