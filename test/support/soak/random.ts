import { randomNumbers } from '../random-numbers.ts';

/** What an actor decides. It depends on the seed and on the actor's own earlier decisions only. */
export class Random {
  readonly #next: () => number;

  constructor(seed: number, actor: string) {
    let mixed = seed * 2_654_435_761;
    for (const character of actor) mixed = Math.imul(mixed ^ (character.codePointAt(0) ?? 0), 16_777_619);
    this.#next = randomNumbers(mixed);
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** An integer from `min` to `max`. */
  between(min: number, max: number): number {
    return min + Math.floor(this.#next() * (max - min + 1));
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[this.between(0, list.length - 1)] ?? list[0];
  }

  uuid(): string {
    const hex = Array.from({ length: 8 }, () => this.between(0, 0xffff).toString(16).padStart(4, '0')).join(
      '',
    );
    return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5');
  }
}
