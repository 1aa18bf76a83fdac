import { expect, test } from '@jest/globals';
import type { FetchBatchInput } from '../../lambdas/fetch-batch.ts';
import type { PublishEventInput } from '../../lambdas/publish-event.ts';
import type { DataApi } from '../../outbox/data-api.ts';
import { PublishThrottled } from '../../outbox/errors.ts';
import { publishEvents } from '../../outbox/publish.ts';
import { tokenBucket } from '../../twin/faults/token-bucket.ts';
import { TaskError } from '../../twin/services/step-functions/asl/task-error.ts';
import { batchOf, claimedEvents, failedMarks, runProcessor } from './processor.ts';
import type { Step } from './run-definition.ts';

const envelope = { eventBusName: 'bellyfed-events', source: 'bellyfed.outbox' };
const database: DataApi = { query: () => Promise.reject(new Error('nobody should ask the database')) };

/** A run with more due than it can publish, whose bus takes this many requests a second. */
async function runAgainstQuota(quota: number) {
  let claimed = 0;
  let accepted = 0;
  let takeCall: (() => boolean) | undefined;
  const fetch: Step = async (payload, { clock, signal }) => {
    await clock.sleep(50, signal);
    const { maxEvents = 200 } = payload as unknown as FetchBatchInput;
    claimed += maxEvents;
    return batchOf(claimedEvents(maxEvents, claimed - maxEvents), { more: true });
  };
  const publish: Step = (payload, { clock, signal }) => {
    const { events } = payload as unknown as PublishEventInput;
    takeCall ??= tokenBucket(quota, clock.now);
    const publisher = {
      async publish() {
        await clock.sleep(15, signal);
        if (takeCall?.() !== true) throw new PublishThrottled('ThrottlingException: Rate exceeded');
        accepted += 1;
        return events.map(() => ({ eventBridgeId: 'eb-1' }));
      },
    };
    const endsAt = clock.now() + 2_400;
    return publishEvents(
      events,
      { database, publisher, envelope, pause: (ms) => clock.sleep(ms, signal) },
      () => (clock.now() > endsAt ? new Error('too late') : undefined),
    ).catch((error: Error) => {
      throw new TaskError(error.name, error.message);
    });
  };
  const mark: Step = async (_, { clock, signal }) => {
    await clock.sleep(50, signal);
    return { recorded: 1, failedForGood: 0, lost: [] };
  };
  const ran = await runProcessor(
    { 'fetch-batch': fetch, 'publish-event': publish, 'mark-processed': mark, 'mark-failed': mark },
    { loopSeconds: 5 },
  );
  return { ran, accepted, claimed };
}

test.each([
  [400, [40]],
  [50, [5, 10, 20]],
])(
  'a run uses nine tenths of a quota of %i a second, and every event is published',
  async (quota, publishers) => {
    const { ran, accepted, claimed } = await runAgainstQuota(quota);

    expect(accepted).toBeGreaterThan(0.9 * quota * ran.seconds);
    expect(accepted).toBe(claimed);
    expect(failedMarks(ran)).toEqual([]);
    const { output } = ran.outcome as { output?: { publishers?: number } };
    expect(output).toMatchObject({ published: claimed, failed: 0 });
    expect(publishers).toContain(output?.publishers);
  },
);
