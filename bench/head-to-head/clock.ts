const NANOSECONDS_PER_MILLISECOND = 1e6;

/** Milliseconds on the machine's monotonic clock: the same in every process, unlike `performance.now()`. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / NANOSECONDS_PER_MILLISECOND;
}
