import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { BusUnavailable, EventRejected, PublishFailed, PublishThrottled } from '../../../outbox/errors.ts';
import type { EntryResult, Publisher } from '../../../outbox/put-events.ts';
import type { Detail, Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import type { Turns } from './turns.ts';

/** A bus that throttles, fails, loses answers, and refuses some events until a person has corrected them. */
export class Bus {
  readonly #ledger: Ledger;
  readonly #turns: Turns;
  readonly #poisoned = new Set<string>();
  isHealthy = false;

  constructor(ledger: Ledger, turns: Turns) {
    this.#ledger = ledger;
    this.#turns = turns;
  }

  poison(id: string): void {
    this.#poisoned.add(id);
  }

  correct(id: string): void {
    this.#poisoned.delete(id);
  }

  /** @param killed called when the publisher dies at this request, which may have reached the bus */
  publisher(actor: string, random: Random, killed: () => void): Publisher {
    return {
      publish: (entries) =>
        this.#turns.take(actor, () => {
          if (this.isHealthy) return this.#accept(entries);
          if (random.chance(0.02)) killed();
          if (random.chance(0.02))
            return Promise.reject(new PublishThrottled('ThrottlingException: slow down'));
          if (random.chance(0.02)) return Promise.reject(new BusUnavailable('TimeoutError: no connection'));
          if (random.chance(0.03))
            return this.#accept(entries).then(() => {
              throw new BusUnavailable('TimeoutError: the answer was lost');
            });
          return this.#accept(entries, () => random.chance(0.03));
        }),
    };
  }

  async #accept(
    entries: readonly PutEventsRequestEntry[],
    fails: () => boolean = () => false,
  ): Promise<EntryResult[]> {
    const results: EntryResult[] = [];
    for (const { Detail: text = '' } of entries) {
      const detail = JSON.parse(text) as Detail;
      if (!this.isHealthy && this.#poisoned.has(detail.eventId))
        results.push({ error: new EventRejected('MalformedDetail: poisoned') });
      else if (fails()) results.push({ error: new PublishFailed('InternalFailure: try again') });
      else {
        await this.#ledger.accept(detail);
        results.push({ eventBridgeId: `accepted-${detail.eventId}` });
      }
    }
    return results;
  }
}
