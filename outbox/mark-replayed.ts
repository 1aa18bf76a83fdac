import type { DataApi } from './data-api.ts';
import { heldOutcomes, LOCKED, lostOutcomes, type Recorded, readRecorded } from './outcomes.ts';
import type { Published } from './publish.ts';

// The status and everything else about the first publication stay as they are.
const MARK_REPLAYED = `
  with ${heldOutcomes('"eventBridgeId" text')},
  changed as (
    update outbox_events e
    set replays = e.replays + 1, replayed_at = now(), replay_id = cast(:replayId as text),
      replay_reason = cast(:reason as text)
    from held
    where e.id = held.id and e.replay_id is distinct from cast(:replayId as text)
    returning e.id)
  select (select count(*) from changed), 0, cast(${lostOutcomes('true')} as text), ${LOCKED}`;

/** Marks processed events as published again by a replay. Repeating the call changes nothing. */
export async function markReplayed(
  database: DataApi,
  outcomes: readonly Published[],
  replayId: string,
  reason: string | null = null,
): Promise<Recorded> {
  const parameters = { outcomes: JSON.stringify(outcomes), replayId, reason };
  return readRecorded(await database.query(MARK_REPLAYED, parameters));
}
