import { expect, test } from '@jest/globals';
import { runSession } from '../../local/session.ts';
import type { Twin } from '../../twin/deploy.ts';

test('a session that is told to stop during the start of the twin ends after the start', async () => {
  // Only these two fields are read: no event is written, and nothing connects.
  const twin = { url: 'http://127.0.0.1:1', postgresUrl: 'postgres://127.0.0.1:1/outbox' } as Twin;

  const session = runSession(twin, {
    events: 0,
    eventBytes: undefined,
    once: false,
    stopping: AbortSignal.abort(),
  });

  expect(await session).toBe(true);
}, 5_000);
