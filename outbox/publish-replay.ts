import { readFailure } from './classify-failure.ts';
import type { Clock } from './clocks.ts';
import { PublishFailed } from './errors.ts';
import type { ClaimedEvent } from './event.ts';
import {
  type NotPublished,
  type Published,
  type PublishResult,
  type PublishServices,
  publishEvents,
} from './publish.ts';

/** Entries of one PutEvents request. */
const MAX_ENTRIES = 10;

export interface Pace {
  /** Events a second. */
  readonly rate: number;
  /** When the next request may be sent. */
  readonly notBefore: number;
  /** When no further request is sent: what is left is for another call. */
  readonly endsAt: number;
  readonly clock: Clock;
}

export interface ReplayResult {
  readonly published: readonly Published[];
  /** The bus will never accept these as they are. */
  readonly rejected: readonly NotPublished[];
  /** Not sent, or refused for now: to be sent again. */
  readonly again: readonly string[];
  /** When the next request may be sent. */
  readonly notBefore: number;
}

/**
 * Publishes events again, evenly and at most at the given rate. Ends with the first failure that is not the event's
 * own, because the bus needs time then.
 * @throws that failure when no event has an outcome, so that the state machine retries the call
 */
export async function publishReplay(
  events: readonly ClaimedEvent[],
  services: PublishServices,
  { rate, endsAt, clock, ...pace }: Pace,
  whyNotAwaited: () => Error | undefined,
): Promise<ReplayResult> {
  const published: Published[] = [];
  const rejected: NotPublished[] = [];
  let { notBefore } = pace;
  const lists = inRequests(events, Math.min(MAX_ENTRIES, rate));
  for (const [index, list] of lists.entries()) {
    const now = clock.now();
    if (notBefore > now) await clock.pause(notBefore - now);
    notBefore = Math.max(notBefore, now) + (list.length / rate) * 1_000;
    const rest = idsOf(lists.slice(index + 1).flat());
    if (clock.now() >= endsAt) return { published, rejected, again: [...idsOf(list), ...rest], notBefore };
    const { failure, ...result } = await publishList(list, services, whyNotAwaited);
    published.push(...result.published);
    const temporary = result.failed.filter((failed) => !isPermanent(failed));
    rejected.push(...result.failed.filter(isPermanent));
    if (temporary.length === 0) continue;
    if (published.length === 0 && rejected.length === 0)
      throw failure ?? new PublishFailed(temporary[0]?.cause ?? 'NoAnswer: no outcome');
    return { published, rejected, again: [...idsOf(temporary), ...rest], notBefore };
  }
  return { published, rejected, again: [], notBefore };
}

/** One outcome per event, also when all of them failed with the same error. */
async function publishList(
  list: readonly ClaimedEvent[],
  services: PublishServices,
  whyNotAwaited: () => Error | undefined,
): Promise<PublishResult & { readonly failure?: Error }> {
  try {
    return await publishEvents(list, services, whyNotAwaited);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const failed = list.map(({ eventId }) => ({ eventId, error: error.name, cause: error.message }));
    return { published: [], failed, failure: error };
  }
}

/** Lists that fit a request: an event whose detail has to be read may fill one. */
function inRequests(events: readonly ClaimedEvent[], most: number): ClaimedEvent[][] {
  const lists: ClaimedEvent[][] = [];
  for (const event of events) {
    const last = lists.at(-1);
    const fits = last !== undefined && last.length < most && [...last, event].every(isInline);
    if (fits) last.push(event);
    else lists.push([event]);
  }
  return lists;
}

const isInline = ({ detail }: ClaimedEvent) => detail !== undefined;
const isPermanent = ({ error, cause }: NotPublished) => readFailure(error, cause).kind === 'permanent';
const idsOf = (events: readonly { readonly eventId: string }[]) => events.map(({ eventId }) => eventId);
