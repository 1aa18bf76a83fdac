import { expect, test } from '@jest/globals';
import { runSession } from '../../local/session.ts';
import type { Twin } from '../../twin/deploy.ts';

test('a twin without sample events that was told to stop while it started stops when it has started', async () => {
  // Nothing of it is used: no event is written, and nobody connects.
  const twin = { url: 'http://127.0.0.1:1', postgresUrl: 'postgres://127.0.0.1:1/outbox' } as Twin;

  const session = runSession(twin, {
    events: 0,
    eventBytes: undefined,
    once: false,
    stopping: AbortSignal.abort(),
  });

  expect(await session).toBe(true);
}, 5_000);
