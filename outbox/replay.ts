import type { DataApi, SqlValue } from './data-api.ts';
import type { ClaimedEvent } from './event.ts';
import { replayedDetail } from './read-detail.ts';
import { RowReader } from './row-reader.ts';

/** Which processed events are replayed. All given conditions must hold. */
export interface ReplayFilter {
  /** The run that published them. */
  readonly executionArn?: string | undefined;
  readonly eventIds?: readonly string[] | undefined;
  readonly eventType?: string | undefined;
  readonly aggregateType?: string | undefined;
  readonly aggregateId?: string | undefined;
  /** ISO 8601, inclusive. */
  readonly processedAfter?: string | undefined;
  /** ISO 8601, exclusive. */
  readonly processedBefore?: string | undefined;
}

/** An event in the order in which events were processed. The whole number does not fit the numbers of JavaScript. */
export interface Position {
  readonly processedAt: string;
  readonly sequence: string;
}

// How far one statement looks, whatever the filter is: its time stays the same in a history of any length.
const SCAN = 5_000;
const COUNT_SCAN = 20_000;
/** Escaped bytes of the details of one answer, which has 1 MiB, before the last of them. */
const MAX_ANSWER_BYTES = 800_000;
/** A detail of more escaped bytes is read by its publisher: a row of an answer has 64 KB. */
const MAX_INLINE_BYTES = 60_000;

// A parameter that is null sets no condition. What was processed since the replay began is not part of it.
const matching = (source: string) => `
  scanned as materialized (
    select event.id, event_type, aggregate_type, aggregate_id, run_id, processed_at, sequence, state_bytes
    from ${source}
    where status = 'PROCESSED'
      and processed_at >= coalesce(cast(:processedAfter as timestamptz), '-infinity')
      and processed_at < least(cast(:processedBefore as timestamptz), coalesce(cast(:startedAt as timestamptz), now()))
      and (processed_at, sequence)
        > (coalesce(cast(:processedAt as timestamptz), '-infinity'), coalesce(cast(:sequence as bigint), 0))
    order by processed_at, sequence
    limit cast(:scan as bigint)),
  matching as materialized (
    select id, processed_at, sequence, state_bytes from scanned
    where (cast(:executionArn as text) is null or run_id = cast(:executionArn as text))
      and (cast(:eventType as text) is null or event_type = cast(:eventType as text))
      and (cast(:aggregateType as text) is null or aggregate_type = cast(:aggregateType as text))
      and (cast(:aggregateId as text) is null or aggregate_id = cast(:aggregateId as text))
    order by processed_at, sequence
    limit cast(:most as bigint)),
  counted as (select (select count(*) from scanned) as scanned, (select count(*) from matching) as matched),
  looked as (
    select cast(processed_at as text) as processed_at, cast(sequence as text) as sequence
    from scanned order by scanned.processed_at desc, scanned.sequence desc limit 1)`;

const HISTORY = 'outbox_events as event';
// Rows are looked up one by one, because a join may read the whole table when its statistics are old.
const rowOf = (given: string) =>
  `cross join lateral (select * from outbox_events where outbox_events.id = ${given}.id limit 1) as event`;
const GIVEN = `
  (select distinct cast(value as uuid) as id from jsonb_array_elements_text(cast(:eventIds as jsonb))) as given
  ${rowOf('given')}`;

// The last row has no id and says how far this statement has looked. A replayed event carries no place in an order,
// because it has had its turn.
const NEXT = (source: string) => `
  with ${matching(source)},
  measured as (
    select id, row_number() over (order by processed_at, sequence) as place,
      case when state_bytes <= ${MAX_INLINE_BYTES} then state_bytes else 0 end as bytes
    from matching),
  chosen as materialized (
    select id, place from (
      select *, sum(bytes) over (order by place rows unbounded preceding) - bytes as bytes_before from measured) as summed
    where bytes_before < ${MAX_ANSWER_BYTES}),
  answer as (
    select place, event.id, event_type,
      case when state_bytes <= ${MAX_INLINE_BYTES} then ${replayedDetail('cast(:replayId as text)', 'event')} end as detail,
      trace_header, created_at, attempts, cast(processed_at as text), cast(sequence as text)
    from chosen ${rowOf('chosen')})
  select cast(id as text), event_type, detail, trace_header,
    cast(floor(extract(epoch from created_at) * 1000) as bigint), attempts, processed_at, sequence, scanned, matched
  from (
    select * from answer
    union all select null, null, null, null, null, null, null, looked.* from (values (1)) as one left join looked on true
  ) as rows cross join counted
  order by place nulls last`;

const COUNT = (source: string) => `
  with ${matching(source)}
  select matched, scanned, processed_at, sequence from counted left join looked on true`;

// Asked before every batch. What was due at the last look goes first, and what has come since then may wait. Ordered
// events are due when their key is.
const LOOK = `
  select cast(now() as text), exists (select from outbox_installation where paused_at is not null),
    coalesce(least(
        outbox_oldest('due_events', outbox_front('due_events'), now()),
        outbox_oldest('due_keys', outbox_front('due_keys'), now()))
      <= coalesce(cast(:liveSince as timestamptz), now()), false)`;

const OLDEST = `
  select to_char(min(processed_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
  from outbox_events where status = 'PROCESSED'`;

/** A part of what a replay publishes. */
export interface NextEvents {
  readonly events: readonly ClaimedEvent[];
  /** Behind the last of them, or behind everything that was looked at. */
  readonly position: Position | undefined;
  /** Whether there may be events behind that position. */
  readonly more: boolean;
}

/** The next events of a replay in the order in which they were processed, at most `most` of them. */
export async function nextEvents(
  database: DataApi,
  replay: { readonly replayId: string; readonly startedAt: string },
  filter: ReplayFilter,
  position: Position | undefined,
  most: number,
): Promise<NextEvents> {
  const sql = NEXT(sourceOf(filter));
  const rows = await database.query(sql, { ...replay, ...parameters(filter, position), most, scan: SCAN });
  const end = new RowReader(rows.at(-1));
  const found = rows.slice(0, -1).map((row) => new RowReader(row));
  const events = found.map((row) => replayedEvent(row, replay.replayId));
  const [scanned, matched] = [end.number(8), end.number(9)];
  // The statement chose fewer than it found, or may have found more.
  const cut = events.length < matched || events.length === most;
  const last = cut ? found.at(-1) : end;
  return {
    events,
    position: (last && positionIn(last, 6)) ?? position,
    more: cut || scanned === SCAN,
  };
}

/** How many events a replay with this filter would publish, counted up to `limit` and until `isOver`. */
export async function countReplayable(
  database: DataApi,
  filter: ReplayFilter,
  limit: number,
  isOver: () => boolean = () => false,
): Promise<number> {
  let total = 0;
  let position: Position | undefined;
  for (;;) {
    const given = parameters(filter, position);
    const bounds = { startedAt: null, most: limit - total, scan: COUNT_SCAN };
    const [row] = await database.query(COUNT(sourceOf(filter)), { ...given, ...bounds });
    const counted = new RowReader(row);
    total += counted.number(0);
    position = positionIn(counted, 2);
    if (total >= limit || counted.number(1) < COUNT_SCAN || isOver()) return total;
  }
}

/** When the oldest processed event that is kept was processed; older ones were purged, so no replay has them. */
export async function oldestReplayable(database: DataApi): Promise<string | undefined> {
  return new RowReader((await database.query(OLDEST))[0]).optionalText(0);
}

export interface LiveEvents {
  /** By the clock of the database. */
  readonly lookedAt: string;
  /** A person has paused the outbox. */
  readonly paused: boolean;
  /** Whether an event is due that has to be published before the replay goes on. */
  readonly due: boolean;
}

/** @param liveSince an earlier look: then only what was due at that time counts */
export async function lookForLiveEvents(
  database: DataApi,
  liveSince: string | undefined,
): Promise<LiveEvents> {
  const row = new RowReader((await database.query(LOOK, { liveSince: liveSince ?? null }))[0]);
  return { lookedAt: row.text(0), paused: row.boolean(1), due: row.boolean(2) };
}

const sourceOf = ({ eventIds }: ReplayFilter) => (eventIds === undefined ? HISTORY : GIVEN);

function positionIn(row: RowReader, column: number): Position | undefined {
  const processedAt = row.optionalText(column);
  return processedAt === undefined ? undefined : { processedAt, sequence: row.text(column + 1) };
}

function replayedEvent(row: RowReader, replayId: string): ClaimedEvent {
  const detail = row.optionalText(2);
  const traceHeader = row.optionalText(3);
  return {
    eventId: row.text(0),
    eventType: row.text(1),
    ...(detail !== undefined && { detail }),
    createdAt: new Date(row.number(4)).toISOString(),
    attempts: row.number(5),
    ...(traceHeader !== undefined && { traceHeader }),
    replayId,
  };
}

function parameters(filter: ReplayFilter, position: Position | undefined): Record<string, SqlValue> {
  const { eventIds } = filter;
  return {
    executionArn: filter.executionArn ?? null,
    eventType: filter.eventType ?? null,
    aggregateType: filter.aggregateType ?? null,
    aggregateId: filter.aggregateId ?? null,
    processedAfter: filter.processedAfter ?? null,
    processedBefore: filter.processedBefore ?? null,
    processedAt: position?.processedAt ?? null,
    sequence: position?.sequence ?? null,
    ...(eventIds !== undefined && { eventIds: JSON.stringify(eventIds) }),
  };
}
