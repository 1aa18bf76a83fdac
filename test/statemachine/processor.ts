import type { FetchBatchInput } from '../../lambdas/fetch-batch.ts';
import type { MarkFailedInput } from '../../lambdas/mark-failed.ts';
import type { MarkProcessedInput } from '../../lambdas/mark-processed.ts';
import type { PublishEventInput } from '../../lambdas/publish-event.ts';
import type { ReleaseBatchInput } from '../../lambdas/release-batch.ts';
import type { Batch } from '../../outbox/claim.ts';
import type { ClaimedEvent } from '../../outbox/event.ts';
import type { Published } from '../../outbox/publish.ts';
import type { TaskError } from '../../twin/services/step-functions/asl/task-error.ts';
import { type Ran, type RunOptions, runDefinition, type Step, type Steps } from './run-definition.ts';

/** Runs the definition of the processor; steps that are not given succeed, and nothing is due. */
export const runProcessor = (steps: Steps, options: RunOptions = {}): Promise<Ran> =>
  runDefinition('outbox-processor', { ...succeeding, ...steps }, options);

const succeeding: Steps = {
  'fetch-batch': batches(),
  'publish-event': publishing(() => undefined),
  'mark-processed': () => ({ recorded: 1, failedForGood: 0, lost: [] }),
  'mark-failed': () => ({ recorded: 1, failedForGood: 0, lost: [] }),
  'release-batch': () => ({ recorded: 0, failedForGood: 0, lost: [] }),
};

export const eventId = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** Events number `first` to `first + count - 1`. */
export const claimedEvents = (count: number, first = 0): ClaimedEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    eventId: eventId(first + index),
    eventType: 'order.placed',
    detail: '{}',
    createdAt: '2026-11-23T11:59:59.000Z',
    attempts: 1,
  }));

export const batchOf = (events: readonly ClaimedEvent[], rest: Partial<Batch> = {}): Batch => ({
  events,
  more: false,
  failedForGood: 0,
  reclaimed: 0,
  paused: false,
  ...rest,
});

/** Fetches return these batches one after the other, then empty ones. */
export function batches(...list: readonly Batch[]): Step {
  const left = [...list];
  return () => left.shift() ?? batchOf([]);
}

/** Publishes as lambdas/publish-event.ts does: throws when no event of the list was published, for one reason. */
export function publishing(errorOf: (eventId: string) => TaskError | undefined): Step {
  return (payload) => {
    const { events } = payload as unknown as PublishEventInput;
    const published: Published[] = [];
    const failures: { eventId: string; error: TaskError }[] = [];
    for (const event of events) {
      const error = errorOf(event.eventId);
      if (error) failures.push({ eventId: event.eventId, error });
      else published.push({ eventId: event.eventId, eventBridgeId: bridgeId(event.eventId) });
    }
    const reasons = new Set(failures.map(({ error }) => error.error));
    if (published.length === 0 && reasons.size === 1 && failures[0]) throw failures[0].error;
    const failed = failures.map(({ eventId, error }) => ({
      eventId,
      error: error.error,
      cause: error.errorCause,
    }));
    return { published, failed };
  };
}

export const bridgeId = (eventId: string): string => `accepted-${eventId}`;

export const fetches = (ran: Ran) => ran.payloads('fetch-batch') as unknown as readonly FetchBatchInput[];
export const publishes = (ran: Ran) =>
  ran.payloads('publish-event') as unknown as readonly PublishEventInput[];
export const processedMarks = (ran: Ran) =>
  ran.payloads('mark-processed') as unknown as readonly MarkProcessedInput[];
export const failedMarks = (ran: Ran) => ran.payloads('mark-failed') as unknown as readonly MarkFailedInput[];
export const releases = (ran: Ran) =>
  ran.payloads('release-batch') as unknown as readonly ReleaseBatchInput[];
