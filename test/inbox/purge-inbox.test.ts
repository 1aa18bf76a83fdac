import { ExecuteStatementCommand } from '@aws-sdk/client-rds-data';
import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import {
  createInbox,
  fromDataApi,
  fromPg,
  type InboxDatabase,
  migration,
  purgeInbox,
} from '../../inbox/index.ts';
import { target, useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase({ empty: true });
const onDataApi = (): InboxDatabase =>
  fromDataApi((input) => database.client.send(new ExecuteStatementCommand(input)), target);

beforeAll(async () => {
  const client = await database.connect();
  // As text in one call; then once more, statement by statement.
  await client.query(migration);
  await createInbox(fromPg(client));
  client.release();
});
beforeEach(() => database.sql('truncate outbox_inbox, outbox_inbox_positions'));

test('ids of events that were processed before the given days are purged in batches, and positions stay', async () => {
  await database.sql(`insert into outbox_inbox (consumer, event_id, processed_at)
    select 'default', gen_random_uuid(), now() - make_interval(days => 60, secs => n) from generate_series(1, 2500) n`);
  await database.sql(`insert into outbox_inbox (consumer, event_id, processed_at)
    values ('default', gen_random_uuid(), now() - interval '59 days')`);
  await database.sql(`insert into outbox_inbox_positions values ('default', 's', 'a', 4)`);
  const answers: number[] = [];
  const counted: InboxDatabase = {
    query: async (sql, parameters) => {
      const rows = await onDataApi().query(sql, parameters);
      answers.push(rows.length);
      return rows;
    },
  };

  expect(await purgeInbox(counted, { olderThanDays: 60 })).toBe(2_500);

  expect(answers).toEqual([1_000, 1_000, 500]);
  expect(await database.sql('select from outbox_inbox')).toHaveLength(1);
  expect(await database.sql('select from outbox_inbox_positions')).toHaveLength(1);
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
  'a retention of %d days is refused',
  async (olderThanDays) => {
    await expect(purgeInbox(onDataApi(), { olderThanDays })).rejects.toThrow(
      `olderThanDays is ${olderThanDays}: give whole days`,
    );
  },
);

test('the migration contains no colon, which parsers of named parameters would stumble over', () => {
  expect(migration).not.toContain(':');
});
