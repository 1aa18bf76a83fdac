import type { DataApi } from './data-api.ts';
import { heldOutcomes, LOCKED, lostOutcomes, type Recorded, readRecorded, wakeKeys } from './outcomes.ts';
import type { Published } from './publish.ts';
import { RowReader } from './row-reader.ts';

// A success is recorded whoever holds the lease. An outcome that is already recorded is not reported as lost.
const MARK_PROCESSED = `
  with ${heldOutcomes('"eventBridgeId" text')},
  changed as (
    update outbox_events e
    set status = 'PROCESSED', due_at = null, processed_at = now(), failed_at = null,
      event_bridge_id = held."eventBridgeId", last_error_type = null, last_error = null, given_back_since = null
    from held
    where e.id = held.id and held.status <> 'PROCESSED'
    returning e.id, e.ready_at, e.ordering_key, e.sequence, e.skipped_at is not null as was_skipped)
  select (select count(*) from changed), 0,
    cast(${lostOutcomes('h.status = \'PROCESSED\' and h.event_bridge_id = h."eventBridgeId"')} as text),
    ${LOCKED},
    cast((select extract(epoch from now() - min(ready_at)) * 1000 from changed) as double precision),
    ${wakeKeys('sequence')}`;

/** Marks events processed. Repeating the call changes nothing. */
export async function markProcessed(database: DataApi, outcomes: readonly Published[]): Promise<Recorded> {
  const rows = await database.query(MARK_PROCESSED, { outcomes: JSON.stringify(outcomes) });
  const maxDelayMs = new RowReader(rows[0]).optionalNumber(4);
  return { ...readRecorded(rows), ...(maxDelayMs !== undefined && { maxDelayMs }) };
}
