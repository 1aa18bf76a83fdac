import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks until the answer is not undefined and not false, and returns it. It pauses after each question, because whoever
 * asks without a pause takes the processor from what it waits for.
 */
export async function eventually<T>(ask: () => Promise<T | false | undefined>, seconds = 60): Promise<T> {
  const deadline = Date.now() + seconds * 1_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${ask}`);
    await pause(10);
  }
}
