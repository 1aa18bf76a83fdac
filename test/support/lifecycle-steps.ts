import { expect } from '@jest/globals';
import type fc from 'fast-check';
import { claim } from '../../outbox/claim.ts';
import type { FailureKind } from '../../outbox/classify-failure.ts';
import { markFailed } from '../../outbox/mark-failed.ts';
import { markProcessed } from '../../outbox/mark-processed.ts';
import type { Recorded } from '../../outbox/outcomes.ts';
import { release } from '../../outbox/release.ts';
import { requeue } from '../../outbox/requeue.ts';
import { limits } from './claiming.ts';
import * as rules from './lifecycle-model.ts';
import { expectNobodyForgotten, expectRows, type Lifecycle, MAX_ATTEMPTS } from './lifecycle-rows.ts';
import { backoff, failed } from './marking.ts';
import { insertEach } from './outbox-rows.ts';

type Model = rules.Model;
export type Step = fc.AsyncCommand<Model, Lifecycle, false>;

export const MOST_EVENTS = 8;
const gone = 'ffffffff-ffff-4fff-bfff-ffffffffffff';
const settings = { ...backoff, maxAttempts: MAX_ATTEMPTS };
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const runOf = (token: string): string => `run-of-${token}`;
const redriveOf = (n: number): string => `redrive-${n}`;

/**
 * Performs a step on the model and on the table, and compares the two answers and every row. A step that does not
 * make sense in the current state is skipped.
 */
function step<Given>(
  name: string,
  given: Given,
  perform: (given: Given, model: Model, lifecycle: Lifecycle) => Promise<void>,
  makesSense: (model: Model) => boolean = () => true,
): Step {
  return {
    check: makesSense,
    async run(model, lifecycle) {
      model.steps += 1;
      await perform(given, model, lifecycle);
      await expectRows(model, lifecycle);
    },
    toString: () => `${name} ${JSON.stringify(given)}`,
  };
}

export const enqueueing = (count: number): Step =>
  step(
    'enqueue',
    count,
    async (_, model, { database }) => {
      rules.enqueue(model, await insertEach(database, Array(count).fill({})));
    },
    ({ events }) => events.length + count <= MOST_EVENTS,
  );

interface Claiming {
  readonly token: number;
  readonly maxEvents: number;
  /** Lower than in the other steps, as after a change of the setting. */
  readonly maxAttempts?: number;
}

export function claiming(given: Claiming): Step {
  const token = uuid(given.token);
  const { maxEvents, maxAttempts = MAX_ATTEMPTS } = given;
  const claims = step('claim', given, async (_, model, { dataApi }) => {
    const lease = { leaseToken: token, runId: runOf(token) };
    const expected = rules.claim(model, { token, runId: lease.runId, maxEvents, maxAttempts });

    const { events, ...rest } = await claim(dataApi, lease, { ...limits, maxEvents, maxAttempts });

    const claimed = events.map(({ eventId, attempts }) => ({ id: eventId, attempts }));
    expect({ events: claimed, ...rest }).toEqual(expected);
  });
  return {
    ...claims,
    async run(model, lifecycle) {
      // A repeated claim reads only the events of its own token, and another claim reads at most maxEvents.
      const looksAtAll =
        !model.events.some(rules.isHeldBy(token)) && model.events.filter(rules.isDue).length <= maxEvents;
      await claims.run(model, lifecycle);
      if (looksAtAll) expectNobodyForgotten(lifecycle);
    },
  };
}

interface Publishing {
  readonly picks: readonly number[];
  /** EventBridge gives each acceptance an id: another number is another acceptance. */
  readonly acceptance: number;
}

export const publishing = (given: Publishing): Step =>
  step('mark processed', given, async ({ picks, acceptance }, model, { dataApi }) => {
    const outcomes = picked(model, picks).map((id) => ({ id, bridgeId: `accepted-${acceptance}-${id}` }));
    const expected = rules.markProcessed(model, outcomes);
    expectRecorded(
      await markProcessed(
        dataApi,
        outcomes.map(({ id: eventId, bridgeId: eventBridgeId }) => ({ eventId, eventBridgeId })),
      ),
      expected,
    );
  });

interface Failing {
  readonly picks: readonly number[];
  readonly kinds: readonly FailureKind[];
  /** Undefined for the token that holds the first of the events. */
  readonly token?: number | undefined;
}

export const failing = (given: Failing): Step =>
  step('mark failed', given, async ({ picks, kinds, token }, model, { dataApi }) => {
    const failures = picked(model, picks).map((id, index) =>
      failed(id, kinds[index % kinds.length] ?? 'outage', `Error${index}`),
    );
    const leaseToken = tokenOf(model, token, failures[0]?.eventId);
    const expected = rules.markFailed(
      model,
      leaseToken,
      failures.map(({ eventId: id, kind, errorType }) => ({ id, kind, errorType })),
      MAX_ATTEMPTS,
    );
    expectRecorded(await markFailed(dataApi, leaseToken, failures, settings), expected);
  });

export const releasing = (given: { readonly token?: number | undefined; readonly pick: number }): Step =>
  step('release', given, async ({ token, pick }, model, { dataApi }) => {
    const leaseToken = tokenOf(model, token, picked(model, [pick])[0]);
    const { errorType, ...failure } = failed('', 'transient', 'RunFailed');
    const expected = rules.release(model, leaseToken, errorType, MAX_ATTEMPTS);
    expectRecorded(await release(dataApi, leaseToken, { ...failure, errorType }, settings), expected);
  });

export type Waiting = 'PENDING' | 'PROCESSING';

/** Backoffs end or leases expire: those of the picked events, or all without picks. */
export function timePasses(given: {
  readonly picks?: readonly number[] | undefined;
  readonly of: Waiting;
}): Step {
  const waiting = ({ events }: Model): string[] =>
    events
      .filter(({ status }, index) => status === given.of && (given.picks?.includes(index) ?? true))
      .map(({ id }) => id);
  return step(
    'time passes',
    given,
    async (_, model, { database }) => {
      const ids = waiting(model);
      rules.becomeDue(model, ids);
      await database.sql(
        `update outbox_events set due_at = timestamptz '2001-01-01' + make_interval(secs => $2) where id = any ($1)`,
        [ids, model.steps],
      );
    },
    (model) => waiting(model).length > 0,
  );
}

/** The outage of all events that were given back exceeds its limit. */
export const outageGoesOn = (): Step =>
  step(
    'outage goes on',
    null,
    async (_, model, { database }) => {
      rules.outageGoesOn(model);
      await database.sql(
        `update outbox_events set given_back_since = timestamptz '2001-01-01',
           due_at = case status
             when 'PENDING' then timestamptz '2001-01-01' + make_interval(secs => $1) else due_at end
         where given_back_since is not null`,
        [model.steps],
      );
    },
    ({ events }) => events.some(({ givenBack }) => givenBack !== 'no'),
  );

interface Redriving {
  readonly redrive: number;
  readonly by: 'all' | 'eventIds' | 'errorType' | 'run' | 'stopped run';
  readonly picks: readonly number[];
  readonly limit: number;
  readonly batch: number;
}

export const redriving = (given: Redriving): Step =>
  step('redrive', given, async ({ redrive, by, picks, limit, batch }, model, { dataApi }) => {
    const ids = picked(model, picks);
    const executionArn = model.events.find(({ id }) => id === ids[0])?.runId ?? 'none';
    const filters = {
      all: [{}, () => true],
      eventIds: [{ eventIds: ids }, ({ id }) => ids.includes(id)],
      errorType: [{ errorType: 'Error0' }, ({ error }) => error === 'Error0'],
      run: [{ executionArn }, ({ runId }) => runId === executionArn],
      'stopped run': [{ executionArn, runIsStopped: true }, ({ runId }) => runId === executionArn],
    } as const satisfies Record<Redriving['by'], [object, (event: rules.ModelEvent) => boolean]>;
    const [filter, restricts] = filters[by];
    const redriveId = redriveOf(redrive);
    const matches = (event: rules.ModelEvent): boolean =>
      restricts(event) &&
      (event.status === 'FAILED' || (by === 'stopped run' && event.status === 'PROCESSING'));
    const expected = rules.requeue(model, { redriveId, limit, batch, matches });
    expect(await requeue(dataApi, redriveId, filter, { limit, batch })).toEqual(expected);
  });

/** The picked events without repetition; a pick beyond the last event is an event that does not exist. */
function picked({ events }: Model, picks: readonly number[]): string[] {
  return [...new Set(picks.map((pick) => events[pick]?.id ?? gone))];
}

function tokenOf({ events }: Model, token: number | undefined, id: string | undefined): string {
  if (token !== undefined) return uuid(token);
  return events.find((event) => event.id === id)?.token ?? uuid(0);
}

function expectRecorded({ recorded, failedForGood, lost }: Recorded, expected: Recorded): void {
  const sorted = { recorded, failedForGood, lost: lost.toSorted() };
  expect(sorted).toEqual({ ...expected, lost: expected.lost.toSorted() });
}
