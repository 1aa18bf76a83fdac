import { expect, test } from '@jest/globals';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { MUTATIONS } from '../support/soak/patches.ts';
import { soak } from '../support/soak/soak.ts';

const database = useOutboxDatabase();

// `npm run soak` does the same with 20 seeds, 5,000 events and 200 keys.
test.each([1, 2])(
  'through crashes, lost answers, failures, redrives and skips, events keep their order up to the effects of a consumer (seed %i)',
  async (seed) => {
    const soaked = await soak({ seed, url: database.postgresUrl, events: 600, keys: 40 });

    expect(soaked.committed).toBeGreaterThanOrEqual(600);
    expect(soaked.accepted).toBeGreaterThan(soaked.committed);
    expect(soaked.deliveries).toBeGreaterThan(soaked.accepted);
  },
);

// The first one takes more seeds, see `npm run soak -- --mutations`; claim-ordered.test.ts has a test for it.
test.each(MUTATIONS.slice(1))('the soak finds that $name', async (mutation) => {
  const found = async (seed: number) =>
    soak({ seed, url: database.postgresUrl, events: 600, keys: 20, mutation }).then(
      () => false,
      (error: Error) => {
        if (error.name !== 'OrderViolated') throw error;
        expect(error.message).toMatch(new RegExp(`^seed ${seed}, key "[^"]+": .+\n  `));
        return true;
      },
    );

  let seeds = 1;
  while (!(await found(seeds))) {
    seeds += 1;
    expect(seeds).toBeLessThan(6);
  }
});
