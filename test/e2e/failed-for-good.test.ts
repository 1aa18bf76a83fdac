import { expect, test } from '@jest/globals';
import type pg from 'pg';
import { beginScenario, expectNothingLost, passTime } from '../support/outbox-scenario.ts';
import type { TwinProcess } from '../support/twin-process.ts';
import { useTwin } from '../support/use-twin.ts';

const MAX_ATTEMPTS = 2;
const HEALTHY_A_RUN = 500;

let twin: TwinProcess;
let pool: pg.Pool;

useTwin(
  (underTest) => {
    ({ twin, pool } = underTest);
  },
  ...[
    `maxAttempts=${MAX_ATTEMPTS}`,
    'publishRetries=1',
    'backoffBaseSeconds=60',
    'backoffMaxSeconds=60',
  ].flatMap((setting) => ['-c', `outbox:${setting}`]),
);

const write = (eventType: string, count: number) =>
  pool.query(
    `insert into outbox_events (aggregate_id, event_type, payload)
     select n::text, $1, jsonb_build_object('n', n) from generate_series(1, $2::int) n`,
    [eventType, count],
  );

/** The final state of the events of each type. */
async function endings(): Promise<Record<string, unknown>> {
  const { rows } = await pool.query(
    `select event_type as type, status, attempts, last_error_type as "errorType", count(*)::int
     from outbox_events group by 1, 2, 3, 4`,
  );
  return Object.fromEntries(rows.map(({ type, ...rest }) => [type, rest]));
}

test('events that time out, crash the publisher or get no answer fail for good, and all others are published', async () => {
  const before = await beginScenario(twin, pool, 0);
  await twin.setFaults([
    { service: 'lambda', kind: 'latency', ms: 6_000, match: { detailType: 'slow' } },
    { service: 'lambda', kind: 'crash', match: { function: 'publish-event', detailType: 'deadly' } },
    // The publisher waits until its timeout, and the bus never accepts the event.
    { service: 'events', operation: 'PutEvents', kind: 'latency', ms: 3_000, match: { detailType: 'mute' } },
    { service: 'events', kind: 'error', code: 'InternalException', match: { detailType: 'mute' } },
  ]);
  for (const type of ['slow', 'deadly', 'mute']) await write(type, 1);

  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    await write('healthy', HEALTHY_A_RUN);
    await passTime(pool);
    const run = await twin.tick();

    // No run stopped early because of these events.
    expect(run).toMatchObject({
      status: 'SUCCEEDED',
      output: { claimed: HEALTHY_A_RUN + 3, published: HEALTHY_A_RUN, failed: 3, batches: 3 },
    });
  }

  expect(await endings()).toEqual({
    slow: { status: 'FAILED', attempts: MAX_ATTEMPTS, errorType: 'States.Timeout', count: 1 },
    deadly: { status: 'FAILED', attempts: MAX_ATTEMPTS, errorType: 'Lambda.Unknown', count: 1 },
    mute: { status: 'FAILED', attempts: MAX_ATTEMPTS, errorType: 'TimeoutError', count: 1 },
    healthy: { status: 'PROCESSED', attempts: 1, errorType: null, count: MAX_ATTEMPTS * HEALTHY_A_RUN },
  });
  const { accepted } = await expectNothingLost(twin, pool, before, { atMostDuplicates: 0 });
  expect(accepted.size).toBe(MAX_ATTEMPTS * HEALTHY_A_RUN);
});

test('ordered events reach the bus in order, and one that kills its publisher stops only its own key', async () => {
  await twin.setFaults([
    { service: 'lambda', kind: 'crash', match: { function: 'publish-event', detailType: 'deadly' } },
  ]);
  const before = (await twin.busEvents()).length;
  await pool.query(
    `insert into outbox_events (aggregate_id, event_type, payload, ordering_key)
     select 'order-1', case n when 15 then 'deadly' else 'ordered' end, '{}', 'key ' || n % 5
     from generate_series(1, 60) n order by n`,
  );

  for (let run = 0; run < 8; run += 1) {
    await passTime(pool);
    await twin.tick();
  }

  const { rows } = await pool.query(
    `select ordering_key as key, event_type as type, status, last_error_type as "errorType", count(*)::int
     from outbox_events where ordering_key is not null and status <> 'PROCESSED' group by 1, 2, 3, 4 order by 3`,
  );
  expect(rows).toEqual([
    { key: 'key 0', type: 'deadly', status: 'FAILED', errorType: 'Lambda.Unknown', count: 1 },
    { key: 'key 0', type: 'ordered', status: 'PENDING', errorType: 'NotSent', count: 9 },
  ]);
  const { rows: backlog } = await pool.query('select due, blocked_keys from outbox_backlog');
  expect(backlog).toEqual([{ due: '0', blocked_keys: '1' }]);
  const positions = new Map<string, number>();
  for (const { Detail } of (await twin.busEvents()).slice(before)) {
    const { orderingKey, sequence, previousSequence } = JSON.parse(Detail) as Record<string, string & number>;
    const position = positions.get(String(orderingKey)) ?? null;
    // The list whose publisher died was sent again, from its first event.
    if (position !== null && Number(sequence) <= position) continue;
    expect(previousSequence).toBe(position);
    positions.set(String(orderingKey), Number(sequence));
  }
  expect([...positions.keys()].sort()).toEqual(['key 0', 'key 1', 'key 2', 'key 3', 'key 4']);
});
