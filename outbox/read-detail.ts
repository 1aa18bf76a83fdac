import type { DataApi } from './data-api.ts';
import { EventRejected } from './errors.ts';
import { RowReader } from './row-reader.ts';

// Base64 turns 48,000 bytes into 64,000: within the 64 KB of a Data API row, and 15 such rows stay
// within the 1 MiB of one answer.
const SLICE_BYTES = 48_000;
const SLICES_PER_CALL = 15;

const READ_SLICES = `
  with event as materialized (
    select convert_to(outbox_detail(id, aggregate_id, payload, ordering_key,
      case when skipped_at is null then sequence end, previous_sequence), 'UTF8') as bytes
    from outbox_events where id = cast(:eventId as uuid))
  select octet_length(bytes), substring(bytes from slice * ${SLICE_BYTES} + 1 for ${SLICE_BYTES})
  from event, generate_series(cast(:firstSlice as integer), cast(:lastSlice as integer)) as slice
  where slice * ${SLICE_BYTES} < octet_length(bytes)
  order by slice`;

/** Reads a detail that was too large to travel through the state, in slices that fit the Data API. */
export async function readDetail(database: DataApi, eventId: string): Promise<string> {
  const slices: Uint8Array[] = [];
  let read = 0;
  let size: number;
  do {
    const firstSlice = slices.length;
    const lastSlice = firstSlice + SLICES_PER_CALL - 1;
    const rows = await database.query(READ_SLICES, { eventId, firstSlice, lastSlice });
    if (rows.length === 0)
      throw new EventRejected(`EventMissing: event ${eventId} is no longer in the outbox`);
    size = new RowReader(rows[0]).number(0);
    for (const row of rows) {
      const slice = new RowReader(row).bytes(1);
      slices.push(slice);
      read += slice.byteLength;
    }
  } while (read < size);
  return Buffer.concat(slices).toString('utf8');
}
