import type { DataApi } from './data-api.ts';
import { CallExpired, ClocksDiffer } from './errors.ts';
import type { ClaimedEvent } from './event.ts';
import { RowReader } from './row-reader.ts';

/** How much one claim may take, and for how long. */
export interface ClaimLimits {
  /** Events in one batch. */
  readonly maxEvents: number;
  /** UTF-8 bytes of all claimed events as JSON: a run's state holds 256 KiB. */
  readonly maxStateBytes: number;
  /** A detail of more escaped bytes than this travels by reference: a Data API row holds 64 KB. */
  readonly maxInlineBytes: number;
  /** Seconds until a claimed event that has no outcome may be claimed again. Longer than any run can live. */
  readonly leaseSeconds: number;
  /** Attempts after which an event whose lease ran out has failed for good instead of being claimed. */
  readonly maxAttempts: number;
}

/** Who claims. */
export interface Lease {
  /** A uuid; the same one on every try of the same claim. */
  readonly leaseToken: string;
  /** ARN of the execution. */
  readonly runId: string;
  /** When the claim is sent and until when somebody waits for its answer, by the same clock, in milliseconds since 1970. */
  readonly sentAt?: number;
  readonly expiresAt?: number;
}

/** How the outbox stands, as a claim found it. */
export interface Gauges {
  /** Events that were due, counted up to 1,000. */
  readonly due: number;
  /** Events that wait for a person, counted up to 1,000. */
  readonly failed: number;
  /** Seconds since the oldest unfinished event could first be published. */
  readonly lagSeconds: number;
}

export interface Batch {
  readonly events: readonly ClaimedEvent[];
  /** Whether more events are due than this batch could take. */
  readonly more: boolean;
  /** Events that failed for good by this claim, because their last attempt ended without an outcome. */
  readonly failedForGood: number;
  /** Claimed events whose earlier lease had run out. */
  readonly reclaimed: number;
  /** A person has paused the outbox: nothing is claimed until it is resumed. */
  readonly paused: boolean;
  /** Only when asked for. */
  readonly gauges?: Gauges;
}

// The function and the view are those of database/migrations/0002_claim_outbox_events.sql. The gauges belong to the row without an
// id, and see the table as it was before the claim.
const CLAIM = `
  with gauges as materialized (
    select due, failed, lag_seconds from outbox_backlog where cast(:measure as boolean))
  select id, event_type, detail, trace_header, created_at_ms, attempts, given_back,
    more, failed_for_good, reclaimed, paused, due, failed, lag_seconds
  from claim_outbox_events(
    cast(:leaseToken as uuid), cast(:runId as text), cast(:maxEvents as integer), cast(:maxStateBytes as integer),
    cast(:maxInlineBytes as integer), cast(:leaseSeconds as integer), cast(:maxAttempts as integer),
    to_timestamp(cast(:expiresAt as double precision) / 1000),
    to_timestamp(cast(:sentAt as double precision) / 1000)) as claimed
    left join gauges on claimed.id is null`;

/**
 * Claims the oldest due events. The same token claims the same events, however often it asks.
 * @throws ClocksDiffer when the database's clock is behind ours, CallExpired when the claim comes too late or the
 *   database's clock is ahead
 */
export async function claim(
  database: DataApi,
  lease: Lease,
  limits: ClaimLimits,
  measure = false,
): Promise<Batch> {
  const rows = await database
    .query(CLAIM, { sentAt: null, expiresAt: null, ...lease, ...limits, measure })
    .catch((error: unknown) => {
      throw clockError(error) ?? error;
    });
  const counts = new RowReader(rows.at(-1));
  return {
    events: rows.slice(0, -1).map((row) => claimedEvent(new RowReader(row))),
    more: counts.boolean(7),
    failedForGood: counts.number(8),
    reclaimed: counts.number(9),
    paused: counts.boolean(10),
    ...(measure && {
      gauges: { due: counts.number(11), failed: counts.number(12), lagSeconds: counts.number(13) },
    }),
  };
}

/** The error behind the two states that claim_outbox_events raises. */
function clockError(error: unknown): Error | undefined {
  const [, reason, state] =
    (error instanceof Error && /ERROR: (.*); SQLState: (OB00[12])/s.exec(error.message)) || [];
  if (reason === undefined) return undefined;
  const options = { cause: error };
  return state === 'OB001'
    ? new ClocksDiffer(`${reason}: synchronize them, outbox doctor shows the difference`, options)
    : new CallExpired(`${reason}: look for what delays calls; outbox doctor compares the clocks`, options);
}

function claimedEvent(row: RowReader): ClaimedEvent {
  const detail = row.optionalText(2);
  const traceHeader = row.optionalText(3);
  return {
    eventId: row.text(0),
    eventType: row.text(1),
    ...(detail !== undefined && { detail }),
    createdAt: new Date(row.number(4)).toISOString(),
    attempts: row.number(5),
    ...(row.boolean(6) && { givenBack: true }),
    ...(traceHeader !== undefined && { traceHeader }),
  };
}
