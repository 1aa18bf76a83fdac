import { describe, expect, test } from '@jest/globals';
import { CLOCK_TOLERANCE_MS, whyNotAwaited } from '../../outbox/clocks.ts';
import { CallExpired, ClocksDiffer } from '../../outbox/errors.ts';

const sentAt = Date.parse('2026-11-25T09:00:00.000Z');
const call = { sentAt, expiresAt: sentAt + 5_000 };
const NEEDED_MS = 2_600;

describe('a call of the state machine', () => {
  test.each([
    ['that is just sent', 0],
    ['whose function is behind by what is tolerated', -CLOCK_TOLERANCE_MS],
    ['whose function is ahead by what is tolerated', CLOCK_TOLERANCE_MS],
    ['that leaves just the time that is needed', 5_000 - NEEDED_MS],
  ])('a call %s is accepted', (_, delayMs) => {
    expect(whyNotAwaited(call, sentAt + delayMs, NEEDED_MS)).toBeUndefined();
  });

  test('a call received before it was sent fails with ClocksDiffer, and the message contains both times', () => {
    const refusal = whyNotAwaited(call, sentAt - CLOCK_TOLERANCE_MS - 1, NEEDED_MS);

    expect(refusal).toBeInstanceOf(ClocksDiffer);
    expect(refusal?.message).toBe(
      "sent at 2026-11-25T09:00:00.000Z by the state machine's clock and received at 2026-11-25T08:59:58.999Z by the function's: synchronize them",
    );
  });

  test('a call that arrives too late fails with CallExpired, and the message contains all times', () => {
    const refusal = whyNotAwaited(call, sentAt + 5_000 - NEEDED_MS + 1, NEEDED_MS);

    expect(refusal).toBeInstanceOf(CallExpired);
    expect(refusal?.message).toBe(
      "sent at 2026-11-25T09:00:00.000Z, ends at 2026-11-25T09:00:05.000Z, it is 2026-11-25T09:00:02.401Z: slow to start, read or send, or the function's clock is ahead",
    );
  });

  test.each([sentAt - 60_000, sentAt + 60_000])(
    'the message of a refusal fits the size that the state machine keeps of a cause: %i',
    (now) => {
      const refusal = whyNotAwaited(call, now, NEEDED_MS);

      // MAX_MESSAGE_BYTES of outbox/publish.ts.
      expect(Buffer.byteLength(`${refusal?.name}: ${refusal?.message}`)).toBeLessThanOrEqual(200);
    },
  );

  test('a call without times is accepted', () => {
    expect(whyNotAwaited({}, sentAt, NEEDED_MS)).toBeUndefined();
  });

  test('a call without the time of sending can still arrive too late', () => {
    expect(whyNotAwaited({ expiresAt: sentAt }, sentAt + 1)?.message).toMatch(/^ends at 2026-/);
  });
});
