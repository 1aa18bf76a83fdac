import { readPause } from '../outbox/pause.ts';
import { type RedriveProgress, redriveProgress } from '../outbox/redrive-progress.ts';
import { dataApi } from './runtime/clients.ts';
import { count } from './runtime/environment.ts';
import { withTelemetry } from './runtime/telemetry.ts';

const database = dataApi(count('DATABASE_TIMEOUT_MS'));

/** Some events are not processed yet: check again later. */
export class EventsUnfinished extends Error {
  override readonly name = 'EventsUnfinished';
}

/** Some events failed again: a person has to remove the cause first. */
export class EventsFailedAgain extends Error {
  override readonly name = 'EventsFailedAgain';
}

export interface VerifiedRedrive extends RedriveProgress {
  /** Present when the outbox is paused: unfinished events are published after a person resumes it. */
  readonly paused?: true;
}

/**
 * `Verify redrive`: succeeds only when every event of the redrive is processed, or when the outbox is paused. Then the
 * redrive is done, and to wait for a person would only end in a timeout.
 */
export async function verifyRedrive({ runId }: { readonly runId: string }): Promise<VerifiedRedrive> {
  const progress = await redriveProgress(database, runId);
  const { processed, unfinished, failedAgain, errorTypes } = progress;
  if (unfinished > 0) {
    if (failedAgain === 0 && (await readPause(database)) !== undefined) return { ...progress, paused: true };
    throw new EventsUnfinished(
      `${unfinished} events are not processed yet, ${processed} are: is the processor's schedule enabled?`,
    );
  }
  if (failedAgain > 0) {
    throw new EventsFailedAgain(
      `${failedAgain} events failed again (${errorTypes.join(', ')}), ${processed} are processed: remove the cause and start another redrive`,
    );
  }
  return progress;
}

export const handler = withTelemetry(verifyRedrive);
