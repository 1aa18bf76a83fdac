import type { DataApi } from './data-api.ts';
import { EventRejected, PublishFailed } from './errors.ts';
import type { DetailReference } from './event.ts';
import { RowReader } from './row-reader.ts';

/**
 * Base64 turns 48,000 bytes into 64,000: within the 64 KB of a Data API row, and 15 such rows stay within the 1 MiB of
 * one answer.
 */
export const SLICE_BYTES = 48_000;
const SLICES_PER_CALL = 15;

/**
 * SQL for the detail of a replayed event: by the same function, with the id of its replay. It carries no place in an
 * order, because it has had its turn.
 */
export const replayedDetail = (replayId: string, row: string) =>
  `outbox_detail(${row}.id, ${row}.aggregate_id, ${row}.payload || jsonb_build_object('replayId', ${replayId}),
    ${row}.ordering_key, null, null)`;

const READ_SLICES = `
  with wanted as materialized (
    select * from jsonb_to_recordset(cast(:slices as jsonb)) as w("eventId" uuid, "replayId" text, "first" integer, "last" integer)),
  event as materialized (
    select e.id, w."first", w."last", cast(cast(e.xmin as text) as bigint) as version,
      convert_to(case when w."replayId" is null
        then outbox_detail(e.id, e.aggregate_id, e.payload, e.ordering_key,
          case when e.skipped_at is null then e.sequence end, e.previous_sequence)
        else ${replayedDetail('w."replayId"', 'e')} end, 'UTF8') as bytes
    from wanted w join outbox_events e on e.id = w."eventId")
  select cast(id as text), version, octet_length(bytes), substring(bytes from slice * ${SLICE_BYTES} + 1 for ${SLICE_BYTES})
  from event, generate_series("first", "last") as slice
  where slice * ${SLICE_BYTES} < octet_length(bytes)
  order by id, slice`;

/** An event whose detail is to be read. Without a reference it is read in whatever version and size it has now. */
export interface Referenced {
  readonly eventId: string;
  readonly replayId?: string;
  readonly byReference?: DetailReference;
}

/** Slices of one event, the last one included. */
interface Slices {
  readonly eventId: string;
  readonly replayId?: string;
  readonly first: number;
  readonly last: number;
}

/** A slice, and the row that it was read from. */
interface Slice {
  readonly eventId: string;
  readonly version: number;
  /** UTF-8 bytes of the whole detail. */
  readonly size: number;
  readonly bytes: Uint8Array;
}

/**
 * Reads details that do not travel inline, as many as an answer holds in one call. What is not there any more, or not as
 * it was claimed, is an error of that event only.
 * @returns the detail of each of these events, or why it cannot be published
 * @throws the error of the database when a call fails, because it says nothing about the events
 */
export async function readDetails(
  database: DataApi,
  events: readonly Referenced[],
): Promise<(event: Referenced) => string | Error> {
  const read = async (wanted: readonly Slices[]): Promise<Slice[]> =>
    (await Promise.all(packed(wanted).map((slices) => readSlices(database, slices)))).flat();
  // The size in a reference is what the row says; a person may have written it.
  const planned = ({ byReference }: Referenced) =>
    byReference === undefined ? SLICES_PER_CALL - 1 : lastSlice(byReference.bytes);
  const slices = await read(events.map((event) => ({ ...idsOf(event), first: 0, last: planned(event) })));
  const more = events.flatMap((event): Slices[] => {
    const size = slices.find(({ eventId }) => eventId === event.eventId)?.size ?? 0;
    const [first, last] = [planned(event) + 1, lastSlice(size)];
    return last < first ? [] : [{ ...idsOf(event), first, last }];
  });
  slices.push(...(await read(more)));
  return (event) => wholeDetail(event, slices);
}

/** Reads the detail of one event. */
export async function readDetail(database: DataApi, eventId: string, replayId?: string): Promise<string> {
  const event = { eventId, ...(replayId !== undefined && { replayId }) };
  const detail = (await readDetails(database, [event]))(event);
  if (detail instanceof Error) throw detail;
  return detail;
}

async function readSlices(database: DataApi, slices: readonly Slices[]): Promise<Slice[]> {
  const rows = await database.query(READ_SLICES, { slices: JSON.stringify(slices) });
  return rows.map((values) => {
    const row = new RowReader(values);
    return { eventId: row.text(0), version: row.number(1), size: row.number(2), bytes: row.bytes(3) };
  });
}

function wholeDetail({ eventId, byReference }: Referenced, read: readonly Slice[]): string | Error {
  const slices = read.filter((slice) => slice.eventId === eventId);
  const [first] = slices;
  if (first === undefined) {
    return new EventRejected(`EventMissing: event ${eventId} is no longer in the outbox`);
  }
  const bytes = Buffer.concat(slices.map((slice) => slice.bytes));
  const version = byReference?.version ?? first.version;
  // Of two versions, neither must be published: what was read first may not fit what was read last.
  if (slices.some((slice) => slice.version !== version) || bytes.byteLength !== first.size) {
    return new PublishFailed(
      `EventChanged: the row of event ${eventId} has changed since it was claimed, or while it was read`,
    );
  }
  return bytes.toString('utf8');
}

const idsOf = ({ eventId, replayId }: Referenced) => ({
  eventId,
  ...(replayId !== undefined && { replayId }),
});

const lastSlice = (bytes: number): number => Math.max(0, Math.ceil(bytes / SLICE_BYTES) - 1);

/** The slices in as few calls as their answers allow. */
function packed(wanted: readonly Slices[]): readonly (readonly Slices[])[] {
  const calls: Slices[][] = [];
  let room = 0;
  for (const { first, last, ...event } of wanted) {
    for (let from = first; from <= last; ) {
      if (room === 0) {
        calls.push([]);
        room = SLICES_PER_CALL;
      }
      const to = Math.min(last, from + room - 1);
      calls.at(-1)?.push({ ...event, first: from, last: to });
      room -= to - from + 1;
      from = to + 1;
    }
  }
  return calls;
}
