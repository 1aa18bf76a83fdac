import { randomUUID } from 'node:crypto';
import type { FailureKind } from '../../outbox/classify-failure.ts';
import type { ClaimedEvent } from '../../outbox/event.ts';
import { type Failed, markFailed } from '../../outbox/mark-failed.ts';
import { markProcessed } from '../../outbox/mark-processed.ts';
import { release } from '../../outbox/release.ts';
import { requeue } from '../../outbox/requeue.ts';
import { skip } from '../../outbox/skip.ts';
import { claimBatch } from './claiming.ts';
import { backoff, failed, published } from './marking.ts';
import type { OutboxDatabase } from './outbox-database.ts';

interface Held {
  readonly leaseToken: string;
  readonly events: readonly ClaimedEvent[];
}

/** How a run ends: what the bus accepts of each list, why the next event fails, and which outcomes arrive. */
export interface Ending {
  /** Events of each list that the bus accepts; then one fails, if the list is longer. */
  readonly accepted: number;
  readonly failure: FailureKind;
  readonly lost: 'nothing' | 'successes' | 'everything';
}

/**
 * Runs, a bus and a consumer around a real outbox. The rules of the order are checked with every event that the bus
 * accepts: nothing before it is missing, and what it names as its predecessor was accepted.
 */
export class OrderedWorld {
  readonly #database: OutboxDatabase;
  readonly #skipFailed: boolean;
  readonly violations: string[] = [];
  readonly #held: Held[] = [];
  /** The sequences that the bus accepted, by key. */
  readonly #accepted = new Map<string, Set<number>>();

  constructor(database: OutboxDatabase, skipFailed: boolean) {
    this.#database = database;
    this.#skipFailed = skipFailed;
  }

  /** One transaction of a producer; a key of null is an event without an order. */
  async insert(keys: readonly (string | null)[], rollback: boolean): Promise<void> {
    const client = await this.#database.connect();
    try {
      await client.query('begin');
      for (const key of keys.toSorted((a, b) => String(a).localeCompare(String(b)))) {
        await client.query(
          `insert into outbox_events (aggregate_id, event_type, payload, ordering_key) values ('a', 'b', '{}', $1)`,
          [key],
        );
      }
      await client.query(rollback ? 'rollback' : 'commit');
    } finally {
      client.release();
    }
  }

  async claim(maxEvents: number, maxPerKey = 10): Promise<number> {
    const { leaseToken, events } = await claimBatch(this.#database, {
      maxEvents,
      maxPerKey,
      maxAttempts: 3,
      skipFailed: this.#skipFailed,
    });
    if (events.length > 0) this.#held.push({ leaseToken, events });
    const shared = await this.#database.sql<{ key: string }>(
      `select ordering_key as key from outbox_events
       where status = 'PROCESSING' and due_at > now() and ordering_key is not null and skipped_at is null
       group by 1 having count(distinct lease_token) > 1`,
    );
    for (const { key } of shared) this.violations.push(`two runs hold key ${key}`);
    return events.length;
  }

  /** Ends one of the runs, which may have lost its lease meanwhile. */
  async finish(pick: number, { accepted, failure, lost }: Ending): Promise<void> {
    const [run] = this.#held.splice(pick % Math.max(1, this.#held.length), 1);
    if (run === undefined) return;
    const successes: ClaimedEvent[] = [];
    const failures: Failed[] = [];
    for (const list of listsOf(run.events)) {
      for (const [index, event] of list.entries()) {
        if (index < accepted) successes.push(event);
        else failures.push(failed(event.eventId, index === accepted ? failure : 'not sent'));
      }
    }
    await this.#publish(successes);
    if (lost === 'everything') return;
    if (lost === 'nothing') {
      await markProcessed(
        this.#database.dataApi,
        successes.map(({ eventId }) => published(eventId, `accepted-${eventId}`)),
      );
    }
    await markFailed(this.#database.dataApi, run.leaseToken, failures, this.#settings());
  }

  async release(pick: number): Promise<void> {
    const [run] = this.#held.splice(pick % Math.max(1, this.#held.length), 1);
    if (run !== undefined)
      await release(this.#database.dataApi, run.leaseToken, failed('', 'transient'), this.#settings());
  }

  /** Leases expire or backoffs end. Keys are due when their events are. */
  async timePasses(status: 'PROCESSING' | 'PENDING'): Promise<void> {
    await this.#database.sql(
      `with passed as (update outbox_events set due_at = now() where status = $1 and due_at > now())
       update outbox_ordering_queue set due_at = now() where due_at > now()`,
      [status],
    );
  }

  async redrive(limit: number): Promise<void> {
    await requeue(this.#database.dataApi, randomUUID(), {}, { limit, batch: limit });
  }

  async skipOne(): Promise<void> {
    const [event] = await this.#database.sql<{ id: string }>(
      `select id from outbox_events where status = 'FAILED' and ordering_key is not null limit 1`,
    );
    if (event === undefined) return;
    await skip(this.#database.dataApi, event.id, 'somebody').catch((error: unknown) => {
      // A redrive at the same time was faster.
      if (!/only a failed event can be skipped/.test(String(error))) throw error;
    });
  }

  /** Everything goes well from now on: whatever is left then is stuck. */
  async drain(): Promise<void> {
    for (let idle = 0; idle < 3; ) {
      await this.redrive(1_000);
      await this.timePasses('PROCESSING');
      await this.timePasses('PENDING');
      const claimed = await this.claim(20);
      while (this.#held.length > 0)
        await this.finish(0, { accepted: 100, failure: 'transient', lost: 'nothing' });
      idle = claimed === 0 ? idle + 1 : 0;
    }
    const left = await this.#database.sql(
      `select ordering_key, sequence, status from outbox_events where status <> 'PROCESSED'`,
    );
    const queued = await this.#database.sql(
      `select ordering_key from outbox_ordering_queue union all select ordering_key from outbox_ordering_keys where queued`,
    );
    if (left.length + queued.length > 0)
      this.violations.push(`stuck: ${JSON.stringify(left)}, ${JSON.stringify(queued)}`);
  }

  #settings() {
    return { ...backoff, maxAttempts: 3, skipFailed: this.#skipFailed };
  }

  /** The bus accepts these events in this order. */
  async #publish(events: readonly ClaimedEvent[]): Promise<void> {
    for (const { orderingKey, sequence, previousSequence } of events) {
      if (orderingKey === undefined || sequence === undefined) continue;
      const accepted = this.#accepted.get(orderingKey) ?? new Set();
      this.#accepted.set(orderingKey, accepted);
      const before = await this.#database.sql<{ sequence: string }>(
        `select sequence from outbox_events where ordering_key = $1 and sequence < $2 and skipped_at is null`,
        [orderingKey, sequence],
      );
      for (const earlier of before) {
        if (!accepted.has(Number(earlier.sequence)))
          this.violations.push(`${orderingKey}: ${sequence} was accepted before ${earlier.sequence}`);
      }
      if (typeof previousSequence === 'number' && !accepted.has(previousSequence))
        this.violations.push(
          `${orderingKey}: ${sequence} names ${previousSequence}, which was never accepted`,
        );
      accepted.add(sequence);
    }
  }
}

/** As the definition makes lists: one per key, and one per event without a place. */
function listsOf(events: readonly ClaimedEvent[]): ClaimedEvent[][] {
  const lists = new Map<string, ClaimedEvent[]>();
  for (const event of events) {
    const list = event.sequence === undefined ? event.eventId : `key ${event.orderingKey}`;
    lists.set(list, [...(lists.get(list) ?? []), event]);
  }
  return [...lists.values()];
}
