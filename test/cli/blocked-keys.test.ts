import { beforeEach, describe, expect, test } from '@jest/globals';
import { readBacklog } from '../../cli/backlog.ts';
import { readBlockedKeys } from '../../cli/blocked-keys.ts';
import { readPlaceInKey } from '../../outbox/place-in-key.ts';
import { skip } from '../../outbox/skip.ts';
import { emptyOutbox, insertOneByOne } from '../support/ordered-rows.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase();

beforeEach(() => emptyOutbox(database));

const fail = (id: string | undefined) =>
  database.sql(
    `update outbox_events set status = 'FAILED', due_at = null, failed_at = now(), last_error_type = 'MalformedDetail' where id = $1`,
    [id],
  );
const blockedKeys = async (key?: string) =>
  (await readBlockedKeys(database.dataApi, 500, key)).map(({ orderingKey }) => orderingKey);

describe('blocked keys', () => {
  test('a key is blocked as soon as its first event has failed, before a claim has looked at it', async () => {
    const [first, second] = await insertOneByOne(database, ['a', 'a', 'b']);
    await fail(first);

    expect(await readBlockedKeys(database.dataApi, 20)).toEqual([
      expect.objectContaining({ orderingKey: 'a', eventId: first, waitingBehind: 1 }),
    ]);
    expect(await readBacklog(database.dataApi)).toMatchObject({ blockedKeys: 1 });
    expect(await readPlaceInKey(database.dataApi, `${second}`)).toEqual({
      orderingKey: 'a',
      status: 'PENDING',
      waitingBehind: 0,
      waitsFor: { eventId: first, status: 'FAILED' },
    });
  });

  test('a key whose failed event was skipped is not blocked, and nothing waits for that event', async () => {
    const [first, second] = await insertOneByOne(database, ['a', 'a']);
    await fail(first);
    await skip(database.dataApi, `${first}`, 'Ada');

    expect(await blockedKeys()).toEqual([]);
    expect(await readBacklog(database.dataApi)).toMatchObject({ blockedKeys: 0 });
    expect(await readPlaceInKey(database.dataApi, `${first}`)).toMatchObject({ waitingBehind: 0 });
    expect(await readPlaceInKey(database.dataApi, `${second}`)).not.toHaveProperty('waitsFor');
  });

  test('a named key is found behind a thousand that have been blocked longer', async () => {
    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload, ordering_key, status, due_at, failed_at)
       select '7', 'a', '{}', 'key ' || n, 'FAILED', null, now() + n * interval '1 second' from generate_series(1, 1001) as n`,
    );
    await database.sql(
      `update outbox_ordering_queue set due_at = null, blocked_at = now() + cast(substr(ordering_key, 5) as integer) * interval '1 second'`,
    );

    expect(await blockedKeys('key 1001')).toEqual(['key 1001']);
    expect((await blockedKeys()).slice(0, 3)).toEqual(['key 1', 'key 2', 'key 3']);
  });

  test('an event without a key has no place', async () => {
    await database.sql(
      `insert into outbox_events (aggregate_id, event_type, payload) values ('7', 'a', '{}')`,
    );
    const [{ id } = { id: '' }] = await database.sql<{ id: string }>('select id from outbox_events');

    expect(await readPlaceInKey(database.dataApi, id)).toBeUndefined();
  });
});
