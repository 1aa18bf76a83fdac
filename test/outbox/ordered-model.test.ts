import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OrderedWorld } from '../support/ordered-world.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase();

type Step = (world: OrderedWorld) => Promise<unknown>;

const key = fc.constantFrom('a', 'b', 'c', null);
const ending = fc.record({
  accepted: fc.nat(4),
  failure: fc.constantFrom('permanent', 'transient', 'outage', 'throttled'),
  lost: fc.constantFrom('nothing', 'nothing', 'nothing', 'successes', 'everything'),
} as const);
const step: fc.Arbitrary<{ readonly name: string; readonly run: Step }> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({
        keys: fc.array(key, { minLength: 1, maxLength: 4 }),
        rollback: fc.nat(5).map((n) => n === 0),
      })
      .map((given) => ({
        name: `insert ${JSON.stringify(given)}`,
        run: (world: OrderedWorld) => world.insert(given.keys, given.rollback),
      })),
  },
  {
    weight: 5,
    arbitrary: fc
      .record({ maxEvents: fc.integer({ min: 1, max: 6 }), maxPerKey: fc.integer({ min: 1, max: 3 }) })
      .map(({ maxEvents, maxPerKey }) => ({
        name: `claim ${maxEvents} with ${maxPerKey} a key`,
        run: (world: OrderedWorld) => world.claim(maxEvents, maxPerKey),
      })),
  },
  {
    weight: 5,
    arbitrary: fc.record({ pick: fc.nat(3), ending }).map((given) => ({
      name: `finish ${JSON.stringify(given)}`,
      run: (world: OrderedWorld) => world.finish(given.pick, given.ending),
    })),
  },
  {
    weight: 1,
    arbitrary: fc.nat(3).map((pick) => ({
      name: `release ${pick}`,
      run: (world: OrderedWorld) => world.release(pick),
    })),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('PROCESSING', 'PENDING', 'PENDING').map((status) => ({
      name: `time passes for ${status}`,
      run: (world: OrderedWorld) => world.timePasses(status as 'PENDING' | 'PROCESSING'),
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constant({ name: 'redrive', run: (world: OrderedWorld) => world.redrive(2) }),
  },
  { weight: 1, arbitrary: fc.constant({ name: 'skip', run: (world: OrderedWorld) => world.skipOne() }) },
);

async function violationsOf(
  steps: readonly { readonly run: Step }[],
  { skipFailed, atOnce }: { readonly skipFailed: boolean; readonly atOnce: number },
): Promise<string[]> {
  await database.sql('truncate outbox_events, outbox_ordering_keys, outbox_ordering_queue');
  const world = new OrderedWorld(database, skipFailed);
  for (let first = 0; first < steps.length; first += atOnce)
    await Promise.all(steps.slice(first, first + atOnce).map(({ run }) => run(world)));
  await world.drain();
  return world.violations;
}

test.each([
  { skipFailed: false, atOnce: 1 },
  { skipFailed: true, atOnce: 1 },
  { skipFailed: false, atOnce: 4 },
  { skipFailed: true, atOnce: 4 },
])(
  'whatever happens, the bus accepts events of one key in their order, and nothing is stuck (%j)',
  async (given) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }), async (steps) => {
        expect(await violationsOf(steps, given)).toEqual([]);
      }),
      { numRuns: Number(process.env['ORDERING_RUNS'] ?? 12), endOnFailure: true },
    );
  },
);
