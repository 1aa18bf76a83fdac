import { expect, test } from '@jest/globals';
import type pg from 'pg';
import { beginScenario, expectNothingLost, passTime } from '../support/outbox-scenario.ts';
import type { TwinProcess } from '../support/twin-process.ts';
import { useTwin } from '../support/use-twin.ts';

const RUNS = 7;
const HEALTHY = 2_800;
const SLOW = 140;

let twin: TwinProcess;
let pool: pg.Pool;

useTwin((underTest) => {
  ({ twin, pool } = underTest);
});

async function write(eventType: string, count: number): Promise<void> {
  await pool.query(
    `insert into outbox_events (aggregate_id, event_type, payload)
     select n::text, $1, jsonb_build_object('n', n) from generate_series(1, $2::int) n order by random()`,
    [eventType, count],
  );
}

const healthy = async () =>
  (
    await pool.query(
      `select status, attempts, count(*)::int from outbox_events where event_type = 'healthy' group by 1, 2`,
    )
  ).rows;

test('overlapping runs with one slow event type all succeed and cost healthy events no extra attempt', async () => {
  const before = await beginScenario(twin, pool, 0);
  for (let part = 0; part < RUNS; part += 1) {
    await write('slow', SLOW / RUNS);
    await write('healthy', HEALTHY / RUNS);
  }
  await twin.setFaults([
    { service: 'events', operation: 'PutEvents', kind: 'latency', ms: 10_000, match: { detailType: 'slow' } },
  ]);

  const runs = await Promise.all(Array.from({ length: RUNS }, () => twin.tick()));

  expect(runs.map(({ status }) => status)).toEqual(Array(RUNS).fill('SUCCEEDED'));
  expect(await healthy()).toEqual([{ status: 'PROCESSED', attempts: 1, count: HEALTHY }]);

  await twin.setFaults([]);
  await passTime(pool);
  const after = await twin.tick();

  expect(after).toMatchObject({ status: 'SUCCEEDED', output: { published: SLOW, failed: 0 } });
  // The bus accepts a delayed request after its publisher has stopped waiting, so slow events may arrive several times,
  // depending on the machine. No healthy event may be a duplicate.
  const { accepted, duplicates } = await expectNothingLost(twin, pool, before, {
    atMostDuplicates: Number.POSITIVE_INFINITY,
  });
  expect(accepted.size).toBe(HEALTHY + SLOW);
  const { rows } = await pool.query(
    `select id from outbox_events where event_type = 'healthy' and id = any($1)`,
    [duplicates],
  );
  expect(rows).toEqual([]);
});
