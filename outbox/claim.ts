import type { DataApi } from './data-api.ts';
import { CallExpired, ClocksDiffer } from './errors.ts';
import type { ClaimedEvent } from './event.ts';
import { RowReader } from './row-reader.ts';

/** The size of one claim and the length of its lease. */
export interface ClaimLimits {
  /** Events in one batch. */
  readonly maxEvents: number;
  /** UTF-8 bytes of all claimed events as JSON: the state of a run holds 256 KiB. */
  readonly maxStateBytes: number;
  /**
   * UTF-8 bytes of the details that travel through the state, as JSON and in all; 0 for none. The smallest come first,
   * and the others travel by reference, as does one of more than 60,000: a Data API row holds 64 KB.
   */
  readonly maxInlineBytes: number;
  /** Seconds until a claimed event without an outcome may be claimed again. Longer than any run. */
  readonly leaseSeconds: number;
  /** Attempts after which an event with an expired lease fails for good instead of being claimed. */
  readonly maxAttempts: number;
  /**
   * Events of one ordering key in one batch, 10 by default. One publisher sends them one after the other, has 2.4 s for
   * it, and gives back what it had no time for.
   */
  readonly maxPerKey?: number;
  /** Whether the events of its key pass one that fails for good here. */
  readonly skipFailed?: boolean;
}

/** The caller of a claim. */
export interface Lease {
  /** A uuid; every try of the same claim uses the same one. */
  readonly leaseToken: string;
  /** ARN of the execution. */
  readonly runId: string;
  /** When the claim is sent and when the wait for its answer ends, by the same clock, in milliseconds since 1970. */
  readonly sentAt?: number;
  readonly expiresAt?: number;
}

/** The backlog at the time of a claim. */
export interface Gauges {
  /** Due events, counted up to 1,000. */
  readonly due: number;
  /** Failed events, counted up to 1,000. */
  readonly failed: number;
  /** Seconds since the oldest unfinished event could first be published. */
  readonly lagSeconds: number;
  /** Ordering keys that wait for a person, counted up to 1,000. */
  readonly blockedKeys: number;
  /** Seconds since the oldest snapshot or transaction of this database began; missing when that may not be seen. */
  readonly snapshotSeconds?: number;
}

export interface Batch {
  readonly events: readonly ClaimedEvent[];
  /** Whether more events are due than this batch could take. */
  readonly more: boolean;
  /** Events that this claim failed for good, because their last attempt ended without an outcome. */
  readonly failedForGood: number;
  /** Claimed events whose previous lease had expired. */
  readonly reclaimed: number;
  /** A person has paused the outbox: nothing is claimed until it is resumed. */
  readonly paused: boolean;
  /** Only when requested. */
  readonly gauges?: Gauges;
}

// The function is in database/migrations/0011_claim_in_order.sql, the view in 0012_ordering_backlog.sql. The gauges are
// in the row without an id, and show the table before the claim.
const CLAIM = `
  with gauges as materialized (
    select due, failed, lag_seconds, blocked_keys, (
        select case when bool_and(since is not null) is not false
          then cast(coalesce(extract(epoch from now() - min(since)), 0) as double precision) end
        from outbox_oldest_snapshots(100) where kind <> 'replication slot') as snapshot_seconds
    from outbox_backlog where cast(:measure as boolean))
  select id, event_type, detail, trace_header, created_at_ms, attempts, given_back,
    more, failed_for_good, reclaimed, paused, due, failed, lag_seconds,
    ordering_key, sequence, previous_sequence, blocked_keys, detail_bytes, row_version, snapshot_seconds
  from claim_outbox_events(
    cast(:leaseToken as uuid), cast(:runId as text), cast(:maxEvents as integer), cast(:maxStateBytes as integer),
    cast(:maxInlineBytes as integer), cast(:leaseSeconds as integer), cast(:maxAttempts as integer),
    to_timestamp(cast(:expiresAt as double precision) / 1000),
    to_timestamp(cast(:sentAt as double precision) / 1000),
    cast(:maxPerKey as integer), cast(:skipFailed as boolean)) as claimed
    left join gauges on claimed.id is null`;

const DEFAULTS = { sentAt: null, expiresAt: null, maxPerKey: 10, skipFailed: false };

/**
 * Claims the oldest due events, in the order of their keys. The same token always claims the same events.
 * @throws ClocksDiffer when the clock of the database is behind ours, CallExpired when the claim comes too late or the
 *   clock of the database is ahead
 */
export async function claim(
  database: DataApi,
  lease: Lease,
  limits: ClaimLimits,
  measure = false,
): Promise<Batch> {
  const rows = await database
    .query(CLAIM, { ...DEFAULTS, ...lease, ...limits, measure })
    .catch((error: unknown) => {
      throw clockError(error) ?? error;
    });
  const counts = new RowReader(rows.at(-1));
  const snapshotSeconds = counts.optionalNumber(20);
  return {
    events: rows.slice(0, -1).map((row) => claimedEvent(new RowReader(row))),
    more: counts.boolean(7),
    failedForGood: counts.number(8),
    reclaimed: counts.number(9),
    paused: counts.boolean(10),
    ...(measure && {
      gauges: {
        due: counts.number(11),
        failed: counts.number(12),
        lagSeconds: counts.number(13),
        blockedKeys: counts.optionalNumber(17) ?? 0,
        ...(snapshotSeconds !== undefined && { snapshotSeconds }),
      },
    }),
  };
}

/** The error for the two SQLSTATEs that claim_outbox_events raises. */
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
  const orderingKey = row.optionalText(14);
  const sequence = row.optionalNumber(15);
  return {
    eventId: row.text(0),
    eventType: row.text(1),
    ...(detail === undefined
      ? { byReference: { bytes: row.number(18), version: row.number(19) } }
      : { detail }),
    createdAt: new Date(row.number(4)).toISOString(),
    attempts: row.number(5),
    ...(row.boolean(6) && { givenBack: true }),
    ...(traceHeader !== undefined && { traceHeader }),
    ...(orderingKey !== undefined && { orderingKey }),
    ...(sequence !== undefined && { sequence, previousSequence: row.optionalNumber(16) ?? null }),
  };
}
