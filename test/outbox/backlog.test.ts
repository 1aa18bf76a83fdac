import { beforeAll, describe, expect, test } from '@jest/globals';
import { readBacklog } from '../../cli/backlog.ts';
import { readOutboxStatus } from '../../local/outbox-status.ts';
import { claim } from '../../outbox/claim.ts';
import { limits, runId } from '../support/claiming.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase();

const insert = (count: number, columns: string, values: string) =>
  database.sql(
    `insert into outbox_events (aggregate_id, event_type, payload, ${columns})
     select 'order-1', 'order.placed', '{}', ${values} from generate_series(1, $1::integer)`,
    [count],
  );

/** The gauges of a claim that takes as few events as possible. */
async function claimedGauges() {
  const lease = { leaseToken: '00000000-0000-4000-8000-000000000000', runId };
  return (await claim(database.dataApi, lease, { ...limits, maxEvents: 1 }, true)).gauges;
}

test('an empty outbox has no lag', async () => {
  const none = { pending: 0, due: 0, dueLater: 0, processing: 0, failed: 0, lagSeconds: 0 };

  const alsoNone = { processed: 0, blockedKeys: 0, lastProcessedAt: null };
  expect(await readBacklog(database.dataApi)).toEqual({ ...none, ...alsoNone });
  expect(await readOutboxStatus(database.pool)).toEqual(none);
});

describe('the readers of the backlog', () => {
  beforeAll(async () => {
    await insert(5, 'due_at', `now() - interval '1 minute'`);
    await insert(3, 'due_at', `now() + interval '1 hour'`);
    await insert(2, 'due_at, attempts', `now() + interval '1 hour', 3`);
    const leased = 'status, attempts, lease_token, due_at';
    await insert(4, leased, `'PROCESSING', 1, gen_random_uuid(), now() + interval '5 minutes'`);
    await insert(1, leased, `'PROCESSING', 1, gen_random_uuid(), now() - interval '1 second'`);
    await insert(6, 'status, due_at, processed_at', `'PROCESSED', null, '2026-01-02T03:04:05Z'`);
    await insert(7, 'status, due_at, failed_at', `'FAILED', null, now()`);
  });

  test('all readers return the same counts, and an event with an expired lease is processing and due', async () => {
    const expected = { pending: 10, due: 6, dueLater: 5, processing: 5, failed: 7 };

    const [backlog, status] = [await readBacklog(database.dataApi), await readOutboxStatus(database.pool)];

    expect(backlog).toMatchObject({
      ...expected,
      processed: 6,
      lastProcessedAt: '2026-01-02T03:04:05.000000Z',
    });
    expect(status).toMatchObject(expected);
    for (const { lagSeconds } of [backlog, status]) {
      expect(lagSeconds).toBeGreaterThanOrEqual(60);
      expect(lagSeconds).toBeLessThan(120);
    }
  });

  test('the gauges of a claim show the backlog before the claim', async () => {
    const { lagSeconds, ...counts } = (await claimedGauges()) ?? { lagSeconds: 0 };

    expect(counts).toEqual({ due: 6, failed: 7, blockedKeys: 0, snapshotSeconds: expect.any(Number) });
    expect(lagSeconds).toBeGreaterThanOrEqual(60);
  });
});

test('every count stops at 1,000', async () => {
  await database.sql('truncate outbox_events');
  await insert(1_001, 'due_at', `now() - interval '1 minute'`);
  await insert(1_001, 'due_at', `now() + interval '1 hour'`);
  await insert(
    1_001,
    'status, lease_token, due_at',
    `'PROCESSING', gen_random_uuid(), now() + interval '5 minutes'`,
  );
  await insert(1_001, 'status, due_at, processed_at', `'PROCESSED', null, now()`);
  await insert(1_001, 'status, due_at, failed_at', `'FAILED', null, now()`);

  const most = { pending: 1_000, due: 1_000, dueLater: 1_000, processing: 1_000, failed: 1_000 };
  expect(await readBacklog(database.dataApi)).toMatchObject({ ...most, processed: 1_000 });
  expect(await readOutboxStatus(database.pool)).toMatchObject(most);
  expect(await claimedGauges()).toMatchObject({ due: 1_000, failed: 1_000 });
});
