import type { Pool } from 'pg';
import { describeOutage } from '../cli/outage.ts';
import type { BusLog } from '../twin/services/event-bridge/bus-log.ts';
import { type OutboxStatus, readOutage, readOutboxStatus } from './outbox-status.ts';

interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Number of events that the bus had accepted at this time. */
  readonly published: number;
  readonly lagSeconds: number;
}

export interface ConsoleStatus extends OutboxStatus {
  /** The former names of `processing` and `dueLater`, for tools that read them. */
  readonly inFlight: number;
  readonly waiting: number;
  /** Null when no run holds a lease. */
  readonly oldestLeaseEnd: Date | null;
  readonly published: number;
  /** A sentence; null while the bus accepts events. */
  readonly outage: string | null;
  readonly samples: readonly Sample[];
}

const OLDEST_LEASE_END = `
  select min(due_at) as end from outbox_events where status = 'PROCESSING' and due_at > now()`;

const INTERVAL_MS = 2_000;
const KEPT_MS = 10 * 60_000;

/** The numbers of the page and their last ten minutes. Without requests from a page nothing is sampled. */
export function watchStatus(pool: Pool, bus: BusLog): () => Promise<ConsoleStatus> {
  let samples: readonly Sample[] = [];
  let askedAt = 0;
  let timer: NodeJS.Timeout | undefined;

  const read = async () => {
    const [status, lease, outage] = await Promise.all([
      readOutboxStatus(pool),
      pool.query<{ end: Date | null }>(OLDEST_LEASE_END),
      readOutage(pool),
    ]);
    const { processing: inFlight, dueLater: waiting } = status;
    const oldestLeaseEnd = lease.rows[0]?.end ?? null;
    return {
      ...status,
      ...{ inFlight, waiting, oldestLeaseEnd, published: bus.length },
      outage: outage === undefined ? null : describeOutage(outage),
    };
  };
  const keep = ({ published, lagSeconds }: Omit<Sample, 'at'>) => {
    const at = Date.now();
    samples = [...samples.filter((sample) => sample.at > at - KEPT_MS), { at, published, lagSeconds }];
  };
  const sample = async () => {
    if (Date.now() - askedAt > KEPT_MS) {
      clearInterval(timer);
      timer = undefined;
      samples = [];
    } else keep(await read());
  };

  return async () => {
    askedAt = Date.now();
    const status = await read();
    if (timer === undefined) {
      keep(status);
      // A failed sample leaves a gap; the page gets the error from its own request.
      timer = setInterval(() => void sample().catch(() => undefined), INTERVAL_MS).unref();
    }
    return { ...status, samples };
  };
}
