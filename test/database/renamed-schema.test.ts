import { describe, expect, test } from '@jest/globals';
import { migrate } from '../../database/migrate.ts';
import { readMigrations } from '../../database/read-migrations.ts';
import { claimBatch } from '../support/claiming.ts';
import { fencedBlock } from '../support/fenced-block.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { usePartiesDatabase } from '../support/parties-database.ts';

const server = useOutboxDatabase({ empty: true });
describe('the schema of the outbox', () => {
  const database = usePartiesDatabase(server, ({ owner }) => [
    'create schema app',
    `alter schema app owner to ${owner}`,
    `alter role ${owner} set search_path = app`,
  ]);

  test('after the schema is renamed as docs/operations.md says, all roles continue to work', async () => {
    const enqueue = `insert into outbox_events (aggregate_id, event_type, payload) values ('7', 'a', '{}')`;
    const { owner, processor, producer, operator } = database.names;
    await database.dataApi('producer').query(enqueue);

    await database.sql('alter schema app rename to shop');
    await database.reconnect();
    await expect(database.dataApi('producer').query(enqueue)).rejects.toThrow(/outbox_events/);
    await database.sql('alter schema shop rename to app');

    const script = fencedBlock('docs/operations.md', 'rename-schema')
      .replaceAll('outbox_processor', processor)
      .replaceAll('outbox_producer', producer)
      .replaceAll('outbox_operator', operator)
      .replaceAll(/\bmy_owner\b/g, owner);
    await database.sql(script);
    await database.reconnect();

    await database.dataApi('producer').query(enqueue);
    expect(await database.dataApi('operator').query('select pending from outbox_backlog')).toEqual([[2]]);
    expect(await claimBatch({ dataApi: database.dataApi('processor') })).toMatchObject({ events: [{}, {}] });
    expect(await migrate(database.dataApi('owner'), await readMigrations())).toEqual([]);
  });
});
