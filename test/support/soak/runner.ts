import { type Batch, claim } from '../../../outbox/claim.ts';
import { readFailure, withinBatch } from '../../../outbox/classify-failure.ts';
import type { ClaimedEvent } from '../../../outbox/event.ts';
import { markFailed } from '../../../outbox/mark-failed.ts';
import { markProcessed } from '../../../outbox/mark-processed.ts';
import type { Recorded } from '../../../outbox/outcomes.ts';
import {
  type NotPublished,
  type Published,
  type PublishResult,
  publishEvents,
} from '../../../outbox/publish.ts';
import { release } from '../../../outbox/release.ts';
import type { Bus } from './bus.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import type { Session } from './session.ts';

export interface RunnerWorld {
  readonly ledger: Ledger;
  readonly bus: Bus;
  readonly skipFailed: boolean;
  /** How many transactions of the processor are open. */
  open: number;
  /** Runs that have crashed: a person may redrive what they hold. */
  readonly crashed: string[];
  /** Instead of the product's, to see that the rules find what it would break. */
  readonly publish?: typeof publishEvents;
}

const envelope = { eventBusName: 'bus', source: 'outbox' };
const BACKOFF = {
  maxAttempts: 4,
  backoffBaseSeconds: 1_000,
  backoffMaxSeconds: 10_000,
  outageDelaySeconds: 1_000,
  outageLimitSeconds: 86_400,
};
export const LEASE_SECONDS = 330;

/** One batch of a run, from the claim to the marks. Any step may be the last, as when the run crashes. */
export async function runBatch(
  world: RunnerWorld,
  actor: string,
  session: Session,
  random: Random,
): Promise<number> {
  const leaseToken = random.uuid();
  const runId = `${actor} ${leaseToken}`;
  const crash = () => {
    if (world.bus.isHealthy) return false;
    const crashes = random.chance(0.03);
    if (crashes) world.crashed.push(runId);
    return crashes;
  };
  const { events } = await claimBatch(world, session, random, leaseToken, runId);
  if (events.length === 0 || crash()) return events.length;
  if (!world.bus.isHealthy && random.chance(0.02)) {
    await outcome(world, session, random, () =>
      release(session.dataApi, leaseToken, readFailure('States.DataLimitExceeded', 'x'), settings(world)),
    );
    return events.length;
  }
  const results = await Promise.all(
    listsOf(events).map((list, index) => publishList(world, `${actor} list ${index}`, random, list)),
  );
  const published = results.flatMap((result) => result.published);
  const failed = results.flatMap((result) => result.failed);
  if (crash()) return events.length;
  if (published.length > 0) await processed(world, session, random, published);
  if (crash()) return events.length;
  if (failed.length > 0) await notPublished(world, session, random, leaseToken, failed, published.length);
  return events.length;
}

const settings = ({ skipFailed }: RunnerWorld) => ({ ...BACKOFF, skipFailed });

async function claimBatch(
  world: RunnerWorld,
  session: Session,
  random: Random,
  leaseToken: string,
  runId: string,
): Promise<Batch> {
  const limits = {
    maxEvents: random.between(1, 60),
    maxStateBytes: 240_000,
    maxInlineBytes: 60_000,
    leaseSeconds: LEASE_SECONDS,
    maxAttempts: BACKOFF.maxAttempts,
    maxPerKey: random.between(1, 10),
    skipFailed: world.skipFailed,
  };
  const ask = async () => {
    const batch = await claim(session.dataApi, { leaseToken, runId }, limits);
    world.ledger.noteEvents(
      batch.events.map(({ eventId }) => eventId),
      `claimed by ${runId}`,
    );
    return batch;
  };
  const batch = await inTransaction(world, session, random, ask);
  // The connection was lost before the commit, or its answer: the state machine asks again with the same token.
  if (batch === undefined || (!world.bus.isHealthy && random.chance(0.05))) return ask();
  return batch;
}

/** Keeps the transaction of the processor open for some turns, so that others meet its locks. */
async function inTransaction<T>(
  world: RunnerWorld,
  session: Session,
  random: Random,
  work: () => Promise<T>,
): Promise<T | undefined> {
  if (world.bus.isHealthy || random.chance(0.5)) return work();
  await session.turn(async (client) => {
    await client.query('begin');
    world.open += 1;
  });
  const result = await work().catch((error: unknown) => {
    if (/deadlock detected/.test(String(error))) return undefined;
    throw error;
  });
  const isLost = result === undefined || random.chance(0.1);
  await session.turn(async (client) => {
    await client.query(isLost ? 'rollback' : 'commit');
    world.open -= 1;
  });
  return isLost ? undefined : result;
}

/** As the definition makes lists: one per key, and five events of the others, unless they were tried before. */
function listsOf(events: readonly ClaimedEvent[]): ClaimedEvent[][] {
  const lists = new Map<string, ClaimedEvent[]>();
  for (const [index, event] of events.entries()) {
    const isAlone = event.attempts > 1 || event.givenBack === true;
    const list =
      event.sequence !== undefined
        ? `key ${event.orderingKey}`
        : isAlone
          ? event.eventId
          : `chunk ${Math.floor(index / 5)}`;
    lists.set(list, [...(lists.get(list) ?? []), event]);
  }
  return [...lists.values()];
}

/** The Map of the definition: two retries, then the failure is that of the first event, or of all without an order. */
async function publishList(
  { bus, publish = publishEvents }: RunnerWorld,
  actor: string,
  random: Random,
  list: readonly ClaimedEvent[],
): Promise<PublishResult> {
  const database = { query: () => Promise.reject(new Error('no detail is read')) };
  let last: Error = new Error('no try');
  for (let tries = 0; tries < 3; tries += 1) {
    try {
      return await new Promise<PublishResult>((resolve, reject) => {
        // A publisher that is thought to be dead goes on sending, beside the one that repeats it.
        const publisher = bus.publisher(`${actor} try ${tries}`, random, () =>
          reject(Object.assign(new Error('the function ended'), { name: 'Sandbox.Timedout' })),
        );
        publish(list, { database, publisher, envelope }).then(resolve, reject);
      });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      last = error;
      if (error.name === 'EventRejected') break;
    }
  }
  const cause = JSON.stringify({ errorMessage: last.message });
  return {
    published: [],
    failed: list.map(({ eventId, sequence }, index) =>
      sequence !== undefined && index > 0
        ? { eventId, error: 'NotSent', cause: 'the event before it in its key was not published' }
        : { eventId, error: last.name, cause },
    ),
  };
}

async function processed(
  world: RunnerWorld,
  session: Session,
  random: Random,
  published: readonly Published[],
): Promise<void> {
  world.ledger.noteEvents(
    published.map(({ eventId }) => eventId),
    'about to be marked processed',
  );
  await outcome(world, session, random, () => markProcessed(session.dataApi, published));
}

async function notPublished(
  world: RunnerWorld,
  session: Session,
  random: Random,
  leaseToken: string,
  failed: readonly NotPublished[],
  accepted: number,
): Promise<void> {
  const failures = failed.map(({ eventId, error, cause }) =>
    withinBatch({ eventId, ...readFailure(error, cause) }, accepted),
  );
  for (const { eventId, kind } of failures) world.ledger.noteEvents([eventId], `about to be marked ${kind}`);
  await outcome(world, session, random, () =>
    markFailed(session.dataApi, leaseToken, failures, settings(world)),
  );
}

/** Repeats a mark whose answer was lost, or that found rows of another session, five times at most. */
async function outcome(
  world: RunnerWorld,
  session: Session,
  random: Random,
  mark: () => Promise<Recorded>,
): Promise<void> {
  for (let tries = 0; tries < 6; tries += 1) {
    const recorded = await inTransaction(world, session, random, mark);
    const isAnswerLost = !world.bus.isHealthy && random.chance(0.05);
    if (recorded !== undefined && recorded.locked === undefined && !isAnswerLost) return;
  }
}
