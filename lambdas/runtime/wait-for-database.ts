import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseUnavailable } from '../../outbox/failure.ts';
import { logger } from './telemetry.ts';

// A new cluster's writer comes minutes after the cluster, and a paused one resumes within half a minute.
const PATIENCE_MS = 8 * 60_000;
const PAUSE_MS = 5_000;

/**
 * The one retry outside the state machines: a deployment has nobody else to try again. A wrong password cannot be
 * told from one that is being rotated, so every log line says what the database answered.
 */
export async function waitForDatabase<T>(
  work: () => Promise<T>,
  clock = { now: Date.now, pause: (ms: number): Promise<unknown> => pause(ms) },
): Promise<T> {
  const endsAt = clock.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable) || clock.now() >= endsAt) throw error;
      const secondsLeft = Math.ceil((endsAt - clock.now()) / 1_000);
      logger.warn(`waiting for the database: ${error.message}`, { secondsLeft });
      await clock.pause(PAUSE_MS);
    }
  }
}
