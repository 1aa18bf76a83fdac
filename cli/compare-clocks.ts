import { CLOCK_TOLERANCE_MS } from '../outbox/clocks.ts';
import type { DataApi } from '../outbox/data-api.ts';
import { RowReader } from '../outbox/row-reader.ts';

/** The clock of the database compared with that of this machine, in milliseconds. */
export interface ClockDifference {
  /** Positive when the database's clock is ahead. */
  readonly ahead: number;
  /** The uncertainty of the difference: half of the round trip of the call. */
  readonly uncertainty: number;
  /** Whether the difference exceeds the tolerance even when the uncertainty is subtracted. */
  readonly tooLarge: boolean;
}

const TRIES = 5;
const READ_CLOCK = 'select cast(extract(epoch from clock_timestamp()) * 1000 as double precision)';

/** Compares the clocks with the fastest of a few calls, because the first one has to connect. */
export async function compareClocks(database: DataApi, now: () => number): Promise<ClockDifference> {
  let best = { ahead: 0, uncertainty: Number.POSITIVE_INFINITY };
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const sentAt = now();
    const [row] = await database.query(READ_CLOCK);
    const uncertainty = (now() - sentAt) / 2;
    const ahead = new RowReader(row).number(0) - (sentAt + uncertainty);
    if (uncertainty < best.uncertainty) best = { ahead, uncertainty };
  }
  return { ...best, tooLarge: Math.abs(best.ahead) - best.uncertainty > CLOCK_TOLERANCE_MS };
}
