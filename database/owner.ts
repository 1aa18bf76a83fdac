import type { DataApi } from '../outbox/data-api.ts';
import { RowReader } from '../outbox/row-reader.ts';

/** The outbox in this database belongs to another deployment, and this one must not publish its events. */
export class OtherOwner extends Error {
  override readonly name = 'OtherOwner';
}

const IS_INSTALLED = `select to_regclass('outbox_installation') is not null`;
const READ = 'select owner from outbox_installation';
const TAKE = `
  insert into outbox_installation (owner) values (cast(:name as text)) on conflict do nothing`;

/**
 * Refuses a database that belongs to another outbox. Call it before anything is migrated or granted, so that a refused
 * deployment does not change the database.
 * @throws OtherOwner
 */
export async function checkOwner(database: DataApi, name: string): Promise<void> {
  const [installed] = await database.query(IS_INSTALLED);
  if (!new RowReader(installed).boolean(0)) return;
  const [row] = await database.query(READ);
  if (row === undefined) return;
  const owner = new RowReader(row).text(0);
  if (owner === name) return;
  throw new OtherOwner(
    `the outbox in this database belongs to the deployment "${owner}", and this one is "${name}": use a database of its own, or, if this database is a copy that "${owner}" does not use, take it over with: update outbox_installation set owner = '${name}'`,
  );
}

/**
 * Records the owner of this outbox, if it has none yet.
 * @throws OtherOwner when another deployment was faster
 */
export async function takeOwnership(database: DataApi, name: string): Promise<void> {
  await database.query(TAKE, { name });
  await checkOwner(database, name);
}
