import { createRequire } from 'node:module';
import type { Pool } from 'pg';

/** The values that an application writes. */
interface SampleEvent {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly eventType: string;
  readonly payload: object;
  readonly orderingKey?: string;
}

interface Webhook {
  readonly name: string;
  readonly examples: readonly {
    readonly action?: string;
    readonly repository?: { readonly full_name?: string };
    readonly organization?: { readonly login?: string };
  }[];
}

const INSERT = `
  insert into outbox_events (aggregate_type, aggregate_id, event_type, payload, ordering_key)
  select e->>'aggregateType', e->>'aggregateId', e->>'eventType', e->'payload', e->>'orderingKey'
  from jsonb_array_elements($1::jsonb) with ordinality as t(e, number) order by number`;

const EVENTS_PER_TRANSACTION = 100;

/** Real input: GitHub's webhook payloads, 10 KB on average and up to 27 KB. */
export function webhookEvents(): readonly SampleEvent[] {
  const webhooks = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly Webhook[];
  return webhooks.flatMap(({ name, examples }) =>
    examples.map((payload) => ({
      aggregateType: payload.repository === undefined ? 'organization' : 'repository',
      aggregateId: payload.repository?.full_name ?? payload.organization?.login ?? 'github',
      eventType: payload.action === undefined ? name : `${name}.${payload.action}`,
      payload,
    })),
  );
}

const inOrder = /^(milestone|label|pull_request_review_comment|release)\b/;

/** The same events, of which a few kinds are published in the order in which they happened to their repository. */
export function partlyOrdered(events: readonly SampleEvent[]): readonly SampleEvent[] {
  return events.map((event) => {
    const [, kind] = inOrder.exec(event.eventType) ?? [];
    return kind === undefined ? event : { ...event, orderingKey: `${event.aggregateId} ${kind}` };
  });
}

/** A single small event, to measure the cost of the machinery rather than of the payload. */
export function smallEvents(payloadBytes: number): readonly SampleEvent[] {
  const frame = JSON.stringify({ dishId: '', note: '' }).length;
  return Array.from({ length: 10 }, (_, index) => ({
    aggregateType: 'dish',
    aggregateId: `dish-${index}`,
    eventType: 'dish.rated',
    payload: { dishId: String(index), note: 'x'.repeat(Math.max(0, payloadBytes - frame - 1)) },
  }));
}

/** Writes the next `count` events of an endless repetition of `samples`, in transactions as an application does. */
export async function writeEvents(
  pool: Pool,
  samples: readonly SampleEvent[],
  { from, count, written }: { from: number; count: number; written?: (total: number) => void },
): Promise<void> {
  for (let done = 0; done < count; ) {
    const size = Math.min(EVENTS_PER_TRANSACTION, count - done);
    const events = Array.from(
      { length: size },
      (_, index) => samples[(from + done + index) % samples.length],
    );
    await pool.query(INSERT, [JSON.stringify(events)]);
    done += size;
    written?.(done);
  }
}
