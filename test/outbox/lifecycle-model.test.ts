import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DataApi } from '../../outbox/data-api.ts';
import { allowedTransitions, type Lifecycle } from '../support/lifecycle-rows.ts';
import { lifecycleProperty } from '../support/lifecycle-stories.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

// To try other sequences: LIFECYCLE_SEED=7 LIFECYCLE_RUNS=1000 npm test -- lifecycle-model. About three a second.
const SEED = 20_261_123;
const seed = Number(process.env['LIFECYCLE_SEED'] ?? SEED);
const numRuns = Number(process.env['LIFECYCLE_RUNS'] ?? 40);

const database = useOutboxDatabase();

function lifecycleOf(dataApi: DataApi, walked = new Set<string>()): Lifecycle {
  return { database, dataApi, walked, before: new Map() };
}

test(
  'every row matches the model, whatever operations run in whatever order',
  async () => {
    const walked = new Set<string>();

    await fc.assert(
      lifecycleProperty(() => lifecycleOf(database.dataApi, walked)),
      { seed, numRuns },
    );

    const arrows = Object.entries(allowedTransitions).flatMap(([from, targets]) =>
      targets.map((to) => `${from} -> ${to}`),
    );
    expect([...walked].sort()).toEqual(arrows.sort());
    // A sequence that continued after its timeout would write into the tables of the next test.
  },
  120_000 + numRuns * 5_000,
);

describe('the model', () => {
  /** Runs the same sequences against a broken outbox until one differs from the model, and returns the difference. */
  async function firstDifference(dataApi: DataApi): Promise<string> {
    const { errorInstance } = await fc.check(
      lifecycleProperty(() => lifecycleOf(dataApi)),
      { seed: SEED, numRuns: 200, endOnFailure: true },
    );
    return String(errorInstance);
  }
  // An error in the broken SQL would prove nothing: only a failed comparison counts.
  const ofComparison = /expect\(/;

  test.each([
    [
      'a failure that is recorded under a foreign token',
      `status = 'PROCESSING' and lease_token = cast(:leaseToken as uuid)),`,
      `status = 'PROCESSING'),`,
    ],
    [
      'an outage that consumes an attempt',
      'attempts = d.attempts - cast(given_back as integer),',
      'attempts = d.attempts,',
    ],
    ['throttling that consumes an attempt', `kind = 'throttled' or (kind = 'outage'`, `(kind = 'outage'`],
    ['an outage that gives back for ever', 'given_back_since + make_interval', 'now() + make_interval'],
    [
      'a failure that leaves the time of outages as it was',
      `case kind
        when 'outage' then coalesce(d.given_back_since, now()) when 'throttled' then d.given_back_since end`,
      `coalesce(d.given_back_since, case kind when 'outage' then now() end)`,
    ],
    ['a success that is recorded twice', `and held.status <> 'PROCESSED'`, ''],
    [
      'a redrive that takes its own events again',
      'and redrive_id is distinct from cast(:redriveId as text)',
      '',
    ],
    [
      'a release that fails nothing for good',
      'select id, attempts >= cast(:maxAttempts as integer) as for_good',
      'select id, false as for_good',
    ],
  ])('the model detects %s', async (_, statement, broken) => {
    let found = 0;
    const breaking: DataApi = {
      query(sql, parameters) {
        if (sql.includes(statement)) found += 1;
        return database.dataApi.query(sql.replace(statement, broken), parameters);
      },
    };

    const difference = await firstDifference(breaking);

    expect(found).toBeGreaterThan(0);
    expect(difference).toMatch(ofComparison);
  });

  test.each([
    [
      'a claim that counts no attempt',
      'claim_outbox_events',
      'attempts = e.attempts + 1',
      'attempts = e.attempts',
    ],
    [
      'a claim that is not idempotent per token',
      'claim_outbox_events',
      `is_repeated = exists (select from outbox_events e where e.lease_token = token and e.status = 'PROCESSING')`,
      'is_repeated = false',
    ],
    [
      'a claim that hands an event out beyond its last attempt',
      'outbox_pick_events',
      'if candidate.attempts >= max_attempts then',
      'if false then',
    ],
    [
      'a claim that begins with the youngest',
      'outbox_pick_events',
      'order by e.due_at, e.sequence',
      'order by e.due_at desc, e.sequence',
    ],
  ])('the model also detects %s', async (_, name, statement, broken) => {
    // The function that the handlers of this release call has the most parameters.
    const [claim] = await database.sql<{ definition: string }>(
      `select pg_get_functiondef(oid) as definition from pg_proc where proname = $1 order by pronargs desc limit 1`,
      [name],
    );
    const definition = claim?.definition ?? '';
    expect(definition).toContain(statement);
    await database.sql(definition.replace(statement, broken));
    try {
      expect(await firstDifference(database.dataApi)).toMatch(ofComparison);
    } finally {
      await database.sql(definition);
    }
  });
});
