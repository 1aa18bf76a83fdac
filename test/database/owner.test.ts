import { beforeEach, describe, expect, test } from '@jest/globals';
import { migrate } from '../../database/migrate.ts';
import { checkOwner, takeOwnership } from '../../database/owner.ts';
import { readMigrations } from '../../database/read-migrations.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase({ empty: true });

beforeEach(() => database.sql('drop schema public cascade; create schema public'));

const install = async (name: string) => {
  await migrate(database.dataApi, await readMigrations());
  await takeOwnership(database.dataApi, name);
};

describe('the owner of an outbox', () => {
  test('is not asked for in a database that was never migrated', async () => {
    await expect(checkOwner(database.dataApi, 'outbox')).resolves.toBeUndefined();
  });

  test('is the deployment that migrated first, and may deploy again', async () => {
    await install('outbox');

    await expect(install('outbox')).resolves.toBeUndefined();
    expect(await database.sql('select owner from outbox_installation')).toEqual([{ owner: 'outbox' }]);
  });

  test('refuses a deployment of another name with both names and two ways out', async () => {
    await install('outbox');

    await expect(checkOwner(database.dataApi, 'staging-outbox')).rejects.toMatchObject({
      name: 'OtherOwner',
      message: expect.stringMatching(
        /belongs to the deployment "outbox", and this one is "staging-outbox": use a database of its own, or, .* update outbox_installation set owner = 'staging-outbox'$/,
      ),
    });
    await expect(takeOwnership(database.dataApi, 'staging-outbox')).rejects.toThrow(/belongs to/);
    expect(await database.sql('select owner from outbox_installation')).toEqual([{ owner: 'outbox' }]);
  });

  test('is one of two that deploy at the same moment', async () => {
    await migrate(database.dataApi, await readMigrations());

    const outcomes = await Promise.allSettled(
      ['outbox', 'staging-outbox'].map((name) => takeOwnership(database.dataApi, name)),
    );

    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  test('can be changed by a person, as the refusal says', async () => {
    await install('outbox');
    await database.sql("update outbox_installation set owner = 'staging-outbox'");

    await expect(checkOwner(database.dataApi, 'staging-outbox')).resolves.toBeUndefined();
  });
});
