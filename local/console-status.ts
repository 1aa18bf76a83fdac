import type { Pool } from 'pg';
import type { BusLog } from '../twin/services/event-bridge/bus-log.ts';
import { type OutboxStatus, readOutboxStatus } from './progress.ts';

interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Events that the bus has accepted by then. */
  readonly published: number;
  readonly lagSeconds: number;
}

export interface ConsoleStatus extends OutboxStatus {
  readonly published: number;
  readonly samples: readonly Sample[];
}

const INTERVAL_MS = 2_000;
const KEPT_MS = 10 * 60_000;

/** The numbers of the page, with their last ten minutes. A twin that nobody looks at samples nothing. */
export function watchStatus(pool: Pool, bus: BusLog): () => Promise<ConsoleStatus> {
  let samples: readonly Sample[] = [];
  let askedAt = 0;
  let timer: NodeJS.Timeout | undefined;

  const read = async () => ({ ...(await readOutboxStatus(pool)), published: bus.length });
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
      // A sample that fails leaves a gap; the page hears of the trouble from its own request.
      timer = setInterval(() => void sample().catch(() => undefined), INTERVAL_MS).unref();
    }
    return { ...status, samples };
  };
}
