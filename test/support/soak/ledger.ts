import type pg from 'pg';

/** An event that a producer has committed. */
export interface Written {
  readonly id: string;
  readonly key: string | null;
  readonly sequence: number;
}

/** A detail as it arrives at the bus. */
export interface Detail {
  readonly eventId: string;
  readonly aggregateId: string;
  readonly orderingKey?: string;
  readonly sequence?: number;
  readonly previousSequence?: number | null;
}

/** A rule of the order was broken: which key, and what happened to it. */
export class OrderViolated extends Error {
  override readonly name = 'OrderViolated';
}

/** What was committed and what the bus accepted. It checks every event that the bus accepts. */
export class Ledger {
  readonly #seed: number;
  readonly #watcher: pg.ClientBase;
  readonly #events = new Map<string, Written>();
  readonly #ofKey = new Map<string, Written[]>();
  readonly #accepted = new Set<string>();
  /** Events that were skipped or deleted, so that others may pass. */
  readonly #passed = new Set<string>();
  readonly #deleted = new Set<string>();
  readonly #history = new Map<string, string[]>();
  violation: OrderViolated | undefined;
  /** What the bus accepted, in its order. */
  readonly log: Detail[] = [];

  constructor(seed: number, watcher: pg.ClientBase) {
    this.#seed = seed;
    this.#watcher = watcher;
  }

  get committed(): number {
    return this.#events.size;
  }

  note(key: string | null | undefined, what: string): void {
    if (typeof key !== 'string') return;
    const ofKey = this.#history.get(key) ?? [];
    this.#history.set(key, ofKey);
    ofKey.push(what);
  }

  noteEvents(ids: readonly string[], what: string): void {
    for (const id of ids) {
      const event = this.#events.get(id);
      this.note(event?.key, `${event?.sequence} ${what}`);
    }
  }

  commit(events: readonly Written[]): void {
    for (const event of events) {
      this.#events.set(event.id, event);
      if (event.key === null) continue;
      const ofKey = this.#ofKey.get(event.key) ?? [];
      this.#ofKey.set(event.key, ofKey);
      const last = ofKey.at(-1);
      ofKey.push(event);
      this.note(event.key, `${event.sequence} committed`);
      if (last !== undefined && last.sequence >= event.sequence)
        this.violated(event.key, `${event.sequence} was committed after ${last.sequence}`);
    }
  }

  pass(id: string, isDeleted = false): void {
    this.#passed.add(id);
    if (isDeleted) this.#deleted.add(id);
    this.noteEvents([id], isDeleted ? 'deleted' : 'skipped');
  }

  async accept(detail: Detail): Promise<void> {
    const { eventId, orderingKey, sequence, previousSequence } = detail;
    const event = this.#events.get(eventId);
    if (event === undefined) throw new Error(`the bus accepted ${eventId}, which nobody committed`);
    this.log.push(detail);
    const isNew = !this.#accepted.has(eventId);
    this.#accepted.add(eventId);
    if (orderingKey === undefined) return;
    if (sequence === undefined) {
      this.note(orderingKey, `${event.sequence} accepted without a place`);
      if (!(await this.#wasPassed(eventId)))
        this.violated(orderingKey, `${event.sequence} lost its place without a skip`);
      return;
    }
    const previous = previousSequence ?? 0;
    this.note(
      orderingKey,
      `${sequence} accepted${isNew ? '' : ' again'}, which names ${previousSequence ?? 'none'}`,
    );
    if (previous >= sequence)
      this.violated(orderingKey, `${sequence} names ${previous}, which is not before it`);
    const ofKey = this.#ofKey.get(orderingKey) ?? [];
    if (previous > 0 && !ofKey.some((one) => one.sequence === previous && this.#accepted.has(one.id)))
      this.violated(orderingKey, `${sequence} names ${previous}, which the bus never accepted`);
    for (const earlier of ofKey) {
      if (earlier.sequence >= sequence) break;
      const wasAccepted = this.#accepted.has(earlier.id);
      if (wasAccepted && earlier.sequence <= previous) continue;
      if (await this.#wasPassed(earlier.id)) continue;
      this.violated(
        orderingKey,
        wasAccepted
          ? `${sequence} names ${previous}, but ${earlier.sequence} was accepted before it`
          : `${sequence} was accepted before ${earlier.sequence}`,
      );
    }
  }

  isPassed(id: string): boolean {
    return this.#passed.has(id);
  }

  /** Whether a consumer may have no effect of this event, because others passed it and it never came without a place. */
  mayBeMissing(id: string): boolean {
    return this.#passed.has(id) && !this.log.some((one) => one.eventId === id && one.sequence === undefined);
  }

  /** Nothing that was committed is lost. */
  checkComplete(): void {
    for (const { id, key, sequence } of this.#events.values())
      if (!this.#accepted.has(id) && !this.#deleted.has(id))
        this.violated(key ?? 'none', `${sequence} was lost: the bus never accepted it`);
  }

  /** The first one is kept, because the product catches what a request to the bus throws. */
  violated(key: string, rule: string): never {
    const lines = [
      `seed ${this.#seed}, key ${JSON.stringify(key)}: ${rule}`,
      ...(this.#history.get(key) ?? []),
    ];
    this.violation ??= new OrderViolated(lines.join('\n  '));
    throw new Error(rule);
  }

  async #wasPassed(id: string): Promise<boolean> {
    if (this.#passed.has(id)) return true;
    // The setting "continue" skips without a person.
    const { rows } = await this.#watcher.query(
      'select from outbox_events where id = $1 and skipped_at is not null',
      [id],
    );
    if (rows.length > 0) this.pass(id);
    return rows.length > 0;
  }
}
