import type { PublishResult } from '../../outbox/publish.ts';
import type { ExecutionRecord } from '../../twin/services/step-functions/executions.ts';

/** When the task that published an event ended, in milliseconds since 1970, by event id. */
export function acceptedAt(runs: readonly ExecutionRecord[]): ReadonlyMap<string, number> {
  const times = runs.flatMap(({ history }) =>
    history.flatMap(({ taskSucceededEventDetails, timestamp }) => {
      const { output } = (taskSucceededEventDetails ?? {}) as {
        output?: { Payload?: Partial<PublishResult> };
      };
      const published = output?.Payload?.published ?? [];
      return published.map(({ eventId }) => [eventId, timestamp.getTime()] as const);
    }),
  );
  return new Map(times);
}
