import { CallExpired, ClocksDiffer } from './errors.ts';

/**
 * Milliseconds by which clocks may differ while every call still works: less than the spare time of any call. The clock
 * of the state machine is compared with that of the function, and the function's with that of the database.
 */
export const CLOCK_TOLERANCE_MS = 1_000;

/** The clock of work that takes its time, in milliseconds since 1970. */
export interface Clock {
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<unknown>;
}

/** The times of a call, by the clock of the caller, in milliseconds since 1970. */
export interface AwaitedCall {
  readonly sentAt?: number;
  readonly expiresAt?: number;
}

/**
 * Why a function should not begin work that takes `neededMs`: its caller would no longer wait, or the clocks differ and
 * the function cannot know. A call received before it was sent proves the latter; a late call may have either reason.
 * @param now by the clock of the function
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
