import { setTimeout as pause } from 'node:timers/promises';
import { type AwaitedCall, whyNotAwaited } from '../outbox/clocks.ts';
import { LiveEventsWaiting, OutboxPaused } from '../outbox/errors.ts';
import { publishReplay, type ReplayResult } from '../outbox/publish-replay.ts';
import {
  countReplayable,
  lookForLiveEvents,
  nextEvents,
  oldestReplayable,
  type Position,
} from '../outbox/replay.ts';
import { type ReadReplayRequest, readReplayRequest, replayLimits } from '../outbox/replay-request.ts';
import { busCheck, dataApi, publisher } from './runtime/clients.ts';
import { count, text } from './runtime/environment.ts';
import { logger, withTelemetry } from './runtime/telemetry.ts';

const database = dataApi(count('DATABASE_TIMEOUT_MS'));
const publishTimeoutMs = count('PUBLISH_TIMEOUT_MS');
const services = {
  database,
  publisher: publisher(publishTimeoutMs),
  envelope: { eventBusName: text('EVENT_BUS_NAME'), source: text('EVENT_SOURCE') },
};
const checkBus = busCheck(count('BUS_CHECK_TIMEOUT_MS'));
const workMs = count('REPLAY_WORK_MS');
// A publish may need two requests (all events, then each separately).
const neededMs = 2 * publishTimeoutMs;
// With the waits of the state machine, more than an hour.
const MAX_YIELDS = 30;

/** How far a replay is. The state machine passes it from call to call and reads `more`, `limitReached` and `yields`. */
export interface ReplayCursor {
  readonly position?: Position | undefined;
  /** Events before that position which have to be sent again. */
  readonly again?: readonly string[];
  /** When the next request may be sent, in milliseconds since 1970. */
  readonly notBefore?: number;
  /** Whether there may be events without an outcome within the limit. */
  readonly more?: boolean;
  /** Whether there may be events beyond the limit. */
  readonly limitReached?: boolean;
  /** Set after a look that found live events: what was due then goes first. */
  readonly liveSince?: string | undefined;
  /** How often the replay has made way since it published last. */
  readonly yields?: number;
}

export interface ReplayEventsInput extends AwaitedCall {
  /** The execution of the replay. */
  readonly runId: string;
  readonly startedAt: string;
  /** The input of the person, unchanged. */
  readonly request: unknown;
  readonly cursor: ReplayCursor;
  /** Events with an outcome so far: published again, or rejected. */
  readonly settled: number;
  /** How often this call was tried before. A retry looks for live events anew, since time has passed. */
  readonly retries: number;
}

export type ReplayEventsResult = Partial<Omit<ReplayResult, 'again' | 'notBefore'>> & {
  readonly cursor: ReplayCursor;
  /** Only for a dry run. */
  readonly matching?: { readonly dryRun: true; readonly events: number; readonly oldestProcessedAt?: string };
};

/** `Replay events`: publishes the next batch again, or says that live events go first. */
export async function replayEvents(input: ReplayEventsInput): Promise<ReplayEventsResult> {
  const { runId, cursor } = input;
  const request = readReplayRequest(input.request);
  const endsAt = Date.now() + workMs;
  if (request.dryRun) return { cursor, matching: await dryRun(request, endsAt) };
  const notAwaited = () => whyNotAwaited(input, Date.now(), neededMs);
  const refusal = notAwaited();
  if (refusal !== undefined) throw refusal;
  const live = await lookForLiveEvents(database, input.retries > 0 ? undefined : cursor.liveSince);
  if (live.paused)
    throw new OutboxPaused(
      'the outbox is paused and nothing more is published: resume it, then redrive this execution',
    );
  if (live.due) return { cursor: makeWay(cursor, live.lookedAt) };
  const reason = await checkBus(runId);
  if (reason !== undefined)
    logger.warn('the bus could not be checked, events are published all the same', { reason });
  const { events, position, more } = await takeNext(input, request, endsAt);
  const { rate } = request;
  const pace = { rate, notBefore: cursor.notBefore ?? 0, endsAt, clock: { now: Date.now, pause } };
  const { published, rejected, again, notBefore } = await publishReplay(events, services, pace, notAwaited);
  for (const failure of rejected) logger.error('event not replayed', { ...failure });
  const left = request.most - input.settled - published.length - rejected.length - again.length;
  return {
    published,
    rejected,
    cursor: {
      position,
      again,
      notBefore,
      more: again.length > 0 || (more && left > 0),
      limitReached: more && left === 0,
    },
  };
}

function makeWay(cursor: ReplayCursor, lookedAt: string): ReplayCursor {
  const { yields = 0, liveSince = lookedAt } = cursor;
  if (yields >= MAX_YIELDS)
    throw new LiveEventsWaiting(
      `events that were due at ${liveSince} go before the replay, and ${yields} runs did not take them: look whether runs fail or rows are locked, then redrive this execution`,
    );
  return { ...cursor, liveSince, yields: yields + 1 };
}

/** Looks on while the events in between do not match. */
async function takeNext(
  { runId: replayId, startedAt, cursor, settled }: ReplayEventsInput,
  { most, batch, ...filter }: ReadReplayRequest,
  endsAt: number,
) {
  const replay = { replayId, startedAt };
  const { again = [] } = cursor;
  if (again.length > 0) {
    const { events } = await nextEvents(database, replay, { eventIds: again }, undefined, again.length);
    return { events, position: cursor.position, more: true };
  }
  const size = Math.min(batch, most - settled);
  let next = await nextEvents(database, replay, filter, cursor.position, size);
  while (next.events.length === 0 && next.more && Date.now() < endsAt)
    next = await nextEvents(database, replay, filter, next.position, size);
  return next;
}

async function dryRun({ limit = replayLimits.maxEvents, ...filter }: ReadReplayRequest, endsAt: number) {
  const isOver = () => Date.now() >= endsAt;
  const [events, oldestProcessedAt] = [
    await countReplayable(database, filter, limit, isOver),
    await oldestReplayable(database),
  ];
  return { dryRun: true, events, ...(oldestProcessedAt !== undefined && { oldestProcessedAt }) } as const;
}

export const handler = withTelemetry(replayEvents);
