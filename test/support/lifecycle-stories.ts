import { expect } from '@jest/globals';
import fc from 'fast-check';
import type { FailureKind } from '../../outbox/classify-failure.ts';
import { isDue, isUnfinished, type Model, newModel } from './lifecycle-model.ts';
import { type Lifecycle, MAX_ATTEMPTS } from './lifecycle-rows.ts';
import {
  claiming,
  enqueueing,
  failing,
  MOST_EVENTS,
  outageGoesOn,
  publishing,
  redriving,
  releasing,
  type Step,
  timePasses,
  type Waiting,
} from './lifecycle-steps.ts';

const FIRST_TOKEN_OF_THE_END = 1_000;

// A pick beyond the last event is an event that does not exist.
const pick = fc.nat(MOST_EVENTS - 1);
const picks = fc.uniqueArray(pick, { minLength: 1, maxLength: 4 });
const token = fc.nat(3);
const anyToken = fc.option(token, { nil: undefined, freq: 2 });
const kinds = fc.array(fc.constantFrom<FailureKind>('permanent', 'transient', 'outage', 'throttled'), {
  minLength: 1,
  maxLength: 3,
});
const maxEvents = fc.integer({ min: 1, max: 4 });

const claims = fc.record({ token, maxEvents }).map(claiming);
const time = fc
  .record({
    picks: fc.option(picks, { nil: undefined, freq: 1 }),
    of: fc.constantFrom<Waiting>('PENDING', 'PROCESSING'),
  })
  .map(timePasses);
const failures = fc.record({ picks, kinds, token: anyToken }).map(failing);
// Fails all events of a token; otherwise the same event would rarely fail twice.
const failuresOfAll = fc
  .record({
    picks: fc.constant(Array.from({ length: MOST_EVENTS }, (_, index) => index)),
    kinds: fc.constantFrom<FailureKind>('permanent', 'outage').map((kind) => [kind]),
    token: anyToken,
  })
  .map(failing);
const releases = fc.record({ token: anyToken, pick }).map(releasing);
const redrives = fc
  .record({
    redrive: fc.nat(1),
    by: fc.constantFrom('all', 'eventIds', 'errorType', 'run', 'stopped run'),
    picks,
    limit: fc.integer({ min: 1, max: 8 }),
    batch: fc.integer({ min: 1, max: 3 }),
  })
  .map(redriving);

/** More frequent steps are listed several times. */
const steps: readonly fc.Arbitrary<Step>[] = [
  fc.integer({ min: 1, max: 2 }).map(enqueueing),
  ...[claims, claims, claims, claims],
  fc.record({ token, maxEvents, maxAttempts: fc.constantFrom(1, 2) }).map(claiming),
  ...[time, time, time],
  fc.constant(null).map(outageGoesOn),
  ...[failures, failures],
  ...[failuresOfAll, failuresOfAll],
  // Only a few at a time, because a published event does not change any more.
  fc
    .record({ picks: fc.uniqueArray(pick, { minLength: 1, maxLength: 2 }), acceptance: fc.nat(1) })
    .map(publishing),
  ...[releases, releases],
  ...[redrives, redrives],
];

/** Any steps in any order on a few events, and then runs until all events are finished. */
export function lifecycleProperty(lifecycle: () => Lifecycle) {
  return fc.asyncProperty(
    fc.commands([...steps], { maxCommands: 80, size: 'max' }),
    fc.nat(),
    async (commands, luck) => {
      const real = lifecycle();
      await real.database.sql('delete from outbox_events');
      const model = newModel();
      await enqueueing(3).run(model, real);
      await fc.asyncModelRun(() => ({ model, real }), commands);
      await drain(model, real, luck);
    },
  );
}

/** Runs of the processor without an outage: each attempt is published or fails at random. */
async function drain(model: Model, real: Lifecycle, luck: number): Promise<void> {
  let claims = 0;
  const isLucky = (index: number): boolean => ((luck >> (index + claims)) & 1) === 1;
  for (let attempt = 0; attempt <= MAX_ATTEMPTS && model.events.some(isUnfinished); attempt += 1) {
    for (const passing of [timePasses({ of: 'PENDING' }), timePasses({ of: 'PROCESSING' })])
      if (passing.check(model)) await passing.run(model, real);
    while (model.events.some(isDue)) {
      const own = FIRST_TOKEN_OF_THE_END + claims++;
      await claiming({ token: own, maxEvents: 5 }).run(model, real);
      const held = model.events.flatMap(({ status, due }, index) =>
        status === 'PROCESSING' && due === undefined ? [index] : [],
      );
      const lucky = held.filter(isLucky);
      if (lucky.length > 0) await publishing({ picks: lucky, acceptance: 2 }).run(model, real);
      const unlucky = held.filter((index) => !isLucky(index));
      if (unlucky.length > 0)
        await failing({ picks: unlucky, kinds: ['transient'], token: own }).run(model, real);
    }
  }
  const left = [...real.before.values()].filter(({ finished }) => !finished);
  expect(left).toEqual([]);
  expect(model.events.filter(isUnfinished)).toEqual([]);
}
