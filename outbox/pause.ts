import type { DataApi, Row } from './data-api.ts';
import { RowReader } from './row-reader.ts';

/** Who paused the outbox, and when. */
export interface Pause {
  /** ISO 8601, UTC. */
  readonly since: string;
  readonly by: string;
  readonly reason?: string;
}

const SINCE = 'cast(floor(extract(epoch from paused_at) * 1000) as bigint)';

const READ = `select ${SINCE}, paused_by, pause_reason from outbox_installation where paused_at is not null`;

/** Undefined while the outbox is not paused. */
export async function readPause(database: DataApi): Promise<Pause | undefined> {
  const [row] = await database.query(READ);
  return row && toPause(row);
}

// The first pause stays recorded.
const PAUSE = `
  update outbox_installation
  set paused_at = coalesce(paused_at, now()), paused_by = coalesce(paused_by, cast(:by as text)),
    pause_reason = case when paused_at is null then cast(:reason as text) else pause_reason end
  returning ${SINCE}, paused_by, pause_reason`;

/**
 * From now on nothing is claimed or purged; batches that are already claimed are finished. Undefined when no
 * deployment owns this outbox, so that there is nothing to pause.
 */
export async function pause(database: DataApi, by: string, reason?: string): Promise<Pause | undefined> {
  const [row] = await database.query(PAUSE, { by, reason: reason ?? null });
  return row && toPause(row);
}

const RESUME = `
  with paused as materialized (
    select only_row, paused_at, paused_by, pause_reason from outbox_installation where paused_at is not null for update),
  resumed as (
    update outbox_installation i set paused_at = null, paused_by = null, pause_reason = null
    from paused where i.only_row = paused.only_row)
  select ${SINCE}, paused_by, pause_reason from paused`;

/** Resumes the outbox and returns the pause that ended; undefined when it was not paused. */
export async function resume(database: DataApi): Promise<Pause | undefined> {
  const [row] = await database.query(RESUME);
  return row && toPause(row);
}

function toPause(given: Row | undefined): Pause {
  const row = new RowReader(given);
  const reason = row.optionalText(2);
  return {
    since: new Date(row.number(0)).toISOString(),
    by: row.text(1),
    ...(reason !== undefined && { reason }),
  };
}
