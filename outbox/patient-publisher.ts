import { setTimeout as pauseFor } from 'node:timers/promises';
import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { PublishFailed, PublishThrottled } from './errors.ts';
import type { EntryResult, Publisher } from './put-events.ts';

// A retry of the state machine waits for a second, in which most of a small quota would stay unused. The waits double,
// and are a random share of these, so that publishers spread.
const WAITS_MS = [50, 100, 200, 400, 400, 400];

/**
 * A publisher that sends what is throttled again while there is time, and how many entries were refused.
 * @param whyNotSent asked before every further request
 */
export function patientPublisher(
  {
    publisher,
    pause = pauseFor,
  }: { readonly publisher: Publisher; readonly pause?: (ms: number) => Promise<unknown> },
  whyNotSent: () => Error | undefined,
): { readonly publisher: Publisher; readonly throttled: () => number } {
  let throttled = 0;
  const publish: Publisher['publish'] = async (entries) => {
    const results = [...(await answers(publisher, entries))];
    for (const wait of WAITS_MS) {
      const refused = results.flatMap((result, index) =>
        'error' in result && result.error instanceof PublishThrottled ? [index] : [],
      );
      throttled += refused.length;
      if (refused.length === 0) break;
      await pause(Math.random() * wait);
      if (whyNotSent() !== undefined) break;
      const again = await answers(
        publisher,
        entries.filter((_, index) => refused.includes(index)),
      );
      for (const [position, index] of refused.entries())
        results[index] = again[position] ?? {
          error: new PublishFailed('NoAnswer: no result for the entry'),
        };
    }
    return results;
  };
  return { publisher: { publish }, throttled: () => throttled };
}

/** Throttling of a whole request is that of each entry. */
function answers(
  publisher: Publisher,
  entries: readonly PutEventsRequestEntry[],
): Promise<readonly EntryResult[]> {
  return publisher.publish(entries).catch((error: unknown) => {
    if (error instanceof PublishThrottled) return entries.map(() => ({ error }));
    throw error;
  });
}
