import { beforeEach, describe, expect, test } from '@jest/globals';
import { pause, readPause, resume } from '../../outbox/pause.ts';
import { purge } from '../../outbox/purge.ts';
import { claimBatch, idsOf } from '../support/claiming.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { insertEvents, readEvent } from '../support/outbox-rows.ts';

const database = useOutboxDatabase();

beforeEach(async () => {
  await database.sql('delete from outbox_events');
  await database.sql('delete from outbox_installation');
  await database.sql("insert into outbox_installation (owner) values ('outbox')");
});

const purgeAll = () =>
  purge(database.dataApi, 7, Date.now() + 10_000, { now: Date.now, pause: async () => undefined });

describe('a paused outbox', () => {
  test('nothing is claimed and no attempt is counted while the outbox is paused', async () => {
    const [id = ''] = await insertEvents(database, 1);
    await pause(database.dataApi, 'ada');

    expect(await claimBatch(database)).toMatchObject({ events: [], more: false, paused: true });
    expect(await readEvent(database, id)).toMatchObject({ status: 'PENDING', attempts: 0 });
  });

  test('a repeated claim still returns the events that it claimed before the pause', async () => {
    await insertEvents(database, 2);
    const first = await claimBatch(database);
    await pause(database.dataApi, 'ada');

    const repeated = await claimBatch(database, { leaseToken: first.leaseToken });

    expect(idsOf(repeated)).toEqual(idsOf(first));
    expect(repeated.paused).toBe(false);
  });

  test('nothing is purged while the outbox is paused', async () => {
    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload, status, due_at, processed_at)
       values ('7', 'a', '{}', 'PROCESSED', null, now() - interval '8 days')`,
    );
    await pause(database.dataApi, 'ada');
    expect(await purgeAll()).toMatchObject({ purged: 0, more: false, paused: true });

    await resume(database.dataApi);
    expect(await purgeAll()).toEqual({ purged: 1, more: false, overdueSeconds: 0 });
  });

  test('a second pause does not replace the record of the first', async () => {
    const first = await pause(database.dataApi, 'ada', 'restored from a snapshot');

    expect(await pause(database.dataApi, 'bob', 'to be sure')).toEqual(first);
    expect(await readPause(database.dataApi)).toEqual({
      since: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      by: 'ada',
      reason: 'restored from a snapshot',
    });
  });
});

describe('a resumed outbox', () => {
  test('a resumed outbox claims again, and the resume returns the pause that ended', async () => {
    await insertEvents(database, 1);
    const paused = await pause(database.dataApi, 'ada');

    expect(await resume(database.dataApi)).toEqual(paused);
    expect((await claimBatch(database)).events).toHaveLength(1);
    expect(await readPause(database.dataApi)).toBeUndefined();
  });

  test('resuming an outbox that was not paused says so', async () => {
    expect(await resume(database.dataApi)).toBeUndefined();
  });
});

describe('an outbox that no deployment owns', () => {
  test('an outbox that no deployment owns cannot be paused', async () => {
    await database.sql('delete from outbox_installation');

    expect(await pause(database.dataApi, 'ada')).toBeUndefined();
  });
});
