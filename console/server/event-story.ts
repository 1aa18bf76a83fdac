import { readText } from '../../cli/read-in-parts.ts';
import { atMost, isoTime } from '../../cli/sql-columns.ts';
import type { TransactionalDataApi } from '../../outbox/data-api.ts';
import { readPlaceInKey } from '../../outbox/place-in-key.ts';
import { RowReader } from '../../outbox/row-reader.ts';
import type { EventStatus, EventStory } from '../api.ts';
import { EVENT_COLUMNS, eventColumns, readEventRow } from './list-events.ts';
import { notFound } from './problem.ts';

const STORY = `
  select ${eventColumns}, detail_bytes, ${isoTime('ready_at')}, redrives, redrive_id, event_bridge_id, trace_header,
    ${isoTime('given_back_since')}, cast(sequence as text), cast(previous_sequence as text),
    ${isoTime('skipped_at')}, ${atMost(200, 'skipped_by')}, ${atMost(2_000, 'skip_reason')},
    replays, ${isoTime('replayed_at')}, replay_id, replay_reason
  from outbox_events where id = cast(:id as uuid)`;

// Every column but the payload, whatever the schema has, as PostgreSQL prints it.
const COLUMNS = `
  select cast(coalesce(jsonb_object_agg(key, left(value, 2000)), '{}') as text) as content
  from outbox_events as event, jsonb_each_text(to_jsonb(event) - 'payload') where event.id = cast(:id as uuid)`;

const PAYLOAD = 'select jsonb_pretty(payload) as content from outbox_events where id = cast(:id as uuid)';
const ERROR = `select ${atMost(10_000, 'last_error')} from outbox_events where id = cast(:id as uuid)`;

/** An event with everything that its row says of it. */
export async function readEventStory(
  database: TransactionalDataApi,
  id: string,
  withPayload: boolean,
): Promise<EventStory> {
  const [found] = await database.query(STORY, { id });
  if (found === undefined) throw notFound(`there is no event ${id}`, 'it may have been purged');
  const [columns, [error] = [], place, payload] = await Promise.all([
    readText(database, COLUMNS, { id }),
    database.query(ERROR, { id }),
    readPlaceInKey(database, id),
    withPayload ? readText(database, PAYLOAD, { id }) : undefined,
  ]);
  const row = new RowReader(found);
  const at = (offset: number) => EVENT_COLUMNS + offset;
  const optional = (offset: number) => row.optionalText(at(offset)) ?? null;
  return {
    ...readEventRow(found),
    error: (error && new RowReader(error).optionalText(0)) ?? null,
    detailBytes: row.number(at(0)),
    readyAt: row.text(at(1)),
    redrives: row.number(at(2)),
    redriveArn: optional(3),
    eventBridgeId: optional(4),
    traceHeader: optional(5),
    givenBackSince: optional(6),
    sequence: row.text(at(7)),
    previousSequence: optional(8),
    skippedAt: optional(9),
    skippedBy: optional(10),
    skipReason: optional(11),
    waitingBehind: place?.waitingBehind ?? 0,
    waitsFor: place?.waitsFor
      ? {
          eventId: place.waitsFor.eventId,
          status: place.waitsFor.status.toLowerCase() as EventStatus,
        }
      : null,
    replays: row.number(at(12)),
    replayedAt: optional(13),
    replayArn: optional(14),
    replayReason: optional(15),
    columns: JSON.parse(columns ?? '{}') as EventStory['columns'],
    ...(payload !== undefined && { payload }),
  };
}
