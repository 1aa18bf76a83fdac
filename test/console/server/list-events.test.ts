import { beforeEach, describe, expect, test } from '@jest/globals';
import type { EventsPage } from '../../../console/api.ts';
import { listEvents, readEventFilter } from '../../../console/server/list-events.ts';
import { useOutboxDatabase } from '../../support/outbox-database.ts';

const database = useOutboxDatabase();
beforeEach(() => database.sql('truncate outbox_events'));

const list = (query: string, before = '') =>
  listEvents(
    database.dataApi,
    readEventFilter(new URL(`http://127.0.0.1/api/events?${query}&before=${before}`)),
  );

async function pagesOf(query: string): Promise<EventsPage[]> {
  const pages = [await list(query)];
  for (let next = pages[0]?.next; next !== undefined; next = pages.at(-1)?.next)
    pages.push(await list(query, next));
  return pages;
}

const insert = (count: number, type: string, columns: string, values: string) =>
  database.sql(
    `insert into outbox_events (aggregate_id, event_type, payload, ${columns})
     select 'a', $2, '{}', ${values} from generate_series(1, $1::integer) as n`,
    [count, type],
  );

describe('the list of events', () => {
  test('every event is on exactly one page, also those of the same instant', async () => {
    await insert(130, 'pending', 'due_at', 'now()');
    await insert(60, 'failed', 'status, due_at, failed_at', `'FAILED', null, now() - n * interval '1 s'`);
    await insert(60, 'done', 'status, due_at, processed_at', `'PROCESSED', null, now()`);

    const pages = await pagesOf('');

    expect(pages.map(({ events }) => events.length)).toEqual([100, 100, 50]);
    expect(new Set(pages.flatMap(({ events }) => events.map(({ eventId }) => eventId))).size).toBe(250);
    const failed = await pagesOf('status=failed');
    expect(failed.flatMap(({ events }) => events.map(({ status }) => status))).toEqual(
      Array.from({ length: 60 }, () => 'failed'),
    );
  });

  test('an event behind 20,000 others that do not match is found on a later page', async () => {
    await insert(1, 'rare', 'status, due_at, processed_at', `'PROCESSED', null, now() - interval '1 day'`);
    await insert(20_010, 'common', 'status, due_at, processed_at', `'PROCESSED', null, now()`);

    const pages = await pagesOf('eventType=rare');

    expect(pages.map(({ events }) => events.map(({ eventType }) => eventType))).toEqual([[], ['rare']]);
  });
});
