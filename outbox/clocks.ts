import { CallExpired, ClocksDiffer } from './errors.ts';

/**
 * Milliseconds by which clocks may differ while every call still works: less than any call has to spare. The state
 * machine's clock is compared with the function's, and the function's with the database's.
 */
export const CLOCK_TOLERANCE_MS = 1_000;

/** A call, by the clock of who waits for its answer, in milliseconds since 1970. */
export interface AwaitedCall {
  readonly sentAt?: number;
  readonly expiresAt?: number;
}

/**
 * Why a function should not begin what would take `neededMs`: nobody would wait for its end, or the clocks differ and
 * it cannot tell. A call that came before it was sent proves the latter; one that comes late may be either.
 * @param now by the function's clock
 */
export function whyNotAwaited(
  { sentAt, expiresAt }: AwaitedCall,
  now: number,
  neededMs = 0,
): ClocksDiffer | CallExpired | undefined {
  if (sentAt !== undefined && now < sentAt - CLOCK_TOLERANCE_MS) {
    return new ClocksDiffer(
      `sent at ${time(sentAt)} by the state machine's clock and received at ${time(now)} by the function's: synchronize them`,
    );
  }
  if (expiresAt !== undefined && now > expiresAt - neededMs) {
    const sent = sentAt === undefined ? '' : `sent at ${time(sentAt)}, `;
    return new CallExpired(
      `${sent}ends at ${time(expiresAt)}, it is ${time(now)}: slow to start, read or send, or the function's clock is ahead`,
    );
  }
  return undefined;
}

const time = (ms: number) => new Date(ms).toISOString();
