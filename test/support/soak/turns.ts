import { setImmediate as macrotask, setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { Random } from './random.ts';

interface Parked {
  readonly actor: string;
  readonly start: () => Promise<void>;
  readonly pid: number | undefined;
}

interface Running {
  readonly pid: number | undefined;
  readonly ended: Promise<void>;
  isBlocked: boolean;
}

/**
 * Lets actors take turns of one statement or one request, in an order that the random numbers decide. A statement that
 * waits for the lock of another actor goes on when that one lets it, and the others have their turns meanwhile.
 */
export class Turns {
  readonly #random: Random;
  readonly #watcher: pg.ClientBase;
  readonly #parked: Parked[] = [];
  readonly #running = new Set<Running>();
  taken = 0;

  constructor(random: Random, watcher: pg.ClientBase) {
    this.#random = random;
    this.#watcher = watcher;
  }

  /** Runs `work` when it is this actor's turn. `pid` is the database session that it uses, if any. */
  take<T>(actor: string, work: () => Promise<T>, pid?: number): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#parked.push({ actor, pid, start: () => work().then(resolve, reject) });
    });
  }

  /** Gives turns until all actors have ended, or something is wrong. */
  async run(actors: readonly Promise<unknown>[], wrong: () => Error | undefined): Promise<void> {
    let result: { readonly error?: unknown } | undefined;
    Promise.all(actors).then(
      () => {
        result = {};
      },
      (error: unknown) => {
        result = { error };
      },
    );
    for (;;) {
      await this.#settle();
      const error = wrong() ?? result?.error;
      if (error !== undefined) throw error;
      if (result !== undefined) return;
      const next = this.#choose();
      // Nobody may have anything to say yet: an actor opens or closes a session outside of its turns.
      if (next === undefined) await Promise.race([...[...this.#running].map(({ ended }) => ended), pause(5)]);
      else this.#start(next);
    }
  }

  #choose(): Parked | undefined {
    if (this.#parked.length === 0) return undefined;
    this.#parked.sort((one, other) => (one.actor < other.actor ? -1 : one.actor > other.actor ? 1 : 0));
    return this.#parked.splice(this.#random.between(0, this.#parked.length - 1), 1)[0];
  }

  #start({ start, pid }: Parked): void {
    this.taken += 1;
    const running: Running = {
      pid,
      isBlocked: false,
      ended: start().finally(() => this.#running.delete(running)),
    };
    this.#running.add(running);
  }

  /** Waits until whatever was started has ended or waits for a lock, and until every actor has said what comes next. */
  async #settle(): Promise<void> {
    for (;;) {
      await macrotask();
      if (this.#running.size === 0) return;
      const running = [...this.#running];
      if (running.some(({ isBlocked }) => !isBlocked)) {
        await Promise.race([...running.map(({ ended }) => ended), pause(5)]);
        if (this.#running.size < running.length) continue;
      }
      const { rows } = await this.#watcher.query<{ pid: number }>(
        'select pid from unnest($1::integer[]) as pid where cardinality(pg_blocking_pids(pid)) > 0',
        [running.flatMap(({ pid }) => pid ?? [])],
      );
      for (const one of running) one.isBlocked = rows.some(({ pid }) => pid === one.pid);
      if (this.#running.size === running.length && running.every(({ isBlocked }) => isBlocked)) return;
    }
  }
}
