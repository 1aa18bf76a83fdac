import { describe, expect, test } from '@jest/globals';
import { inMemory } from '../../cli/event-source.ts';
import { insertEvents } from '../../cli/insert-events.ts';
import type { Row, TransactionalDataApi } from '../../outbox/data-api.ts';
import { DatabaseUnavailable } from '../../outbox/errors.ts';

const event = (n: number, text = '') => ({
  eventId: undefined,
  json: JSON.stringify({ aggregateId: '7', eventType: 'a', payload: { n, text } }),
  position: `line ${n}`,
});

/** A database that records the lists it receives and can lose the answer to the commit. */
function fakeDatabase(afterCommit: { lost?: boolean; found?: boolean } = {}) {
  const lists: string[] = [];
  const database: TransactionalDataApi = {
    async query(sql, parameters): Promise<readonly Row[]> {
      if (sql.includes('insert')) lists.push(String(parameters?.['events']));
      return afterCommit.found ? [['id']] : [];
    },
    batch: () => Promise.reject(new Error('not used')),
    async transaction(work) {
      const result = await work(database);
      if (afterCommit.lost) throw new DatabaseUnavailable('504');
      return result;
    },
  };
  return { database, lists };
}

test('large events are sent in requests that the Data API accepts', async () => {
  const { database, lists } = fakeDatabase();
  const events = Array.from({ length: 9 }, (_, n) => event(n, '"'.repeat(450_000)));

  const ids = await insertEvents(database, inMemory(events), () => undefined);

  expect(ids).toHaveLength(9);
  expect(lists.length).toBeGreaterThan(3);
  for (const list of lists)
    expect(Buffer.byteLength(JSON.stringify(list), 'utf8')).toBeLessThan(4 * 1024 * 1024);
});

describe('a lost answer to the commit', () => {
  const insert = (found: boolean) =>
    insertEvents(fakeDatabase({ lost: true, found }).database, inMemory([event(1)]), () => undefined);

  test('after a lost answer, events that are in the table were enqueued', async () => {
    expect(await insert(true)).toHaveLength(1);
  });

  test('after a lost answer, events that are not in the table were not enqueued', async () => {
    await expect(insert(false)).rejects.toThrow(DatabaseUnavailable);
  });
});
