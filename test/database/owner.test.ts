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
  test('the owner is not checked in a database that was never migrated', async () => {
    await expect(checkOwner(database.dataApi, 'outbox')).resolves.toBeUndefined();
  });

  test('the owner is the deployment that migrated first, and it may deploy again', async () => {
    await install('outbox');

    await expect(install('outbox')).resolves.toBeUndefined();
    expect(await database.sql('select owner from outbox_installation')).toEqual([{ owner: 'outbox' }]);
  });

  test('a deployment with another name is refused, and the error contains both names and two solutions', async () => {
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

  test('only one of two simultaneous deployments becomes the owner', async () => {
    await migrate(database.dataApi, await readMigrations());

    const outcomes = await Promise.allSettled(
      ['outbox', 'staging-outbox'].map((name) => takeOwnership(database.dataApi, name)),
    );

    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  test('a person can change the owner as the error message says', async () => {
    await install('outbox');
    await database.sql("update outbox_installation set owner = 'staging-outbox'");

    await expect(checkOwner(database.dataApi, 'staging-outbox')).resolves.toBeUndefined();
  });
});
