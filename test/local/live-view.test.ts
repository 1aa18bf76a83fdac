import { expect, test } from '@jest/globals';
import { createLiveView } from '../../local/live-view.ts';

test('the live line says that the bus accepts nothing, since when, and what it costs', () => {
  const lines: string[] = [];
  const stream = { isTTY: false, write: (text: string) => lines.push(text) } as unknown as NodeJS.WriteStream;
  const now = { pending: 36, due: 0, dueLater: 36, processing: 0, failed: 0, lagSeconds: 130, published: 0 };
  const view = createLiveView(stream);

  view.show({ ...now, lastRun: undefined, outage: undefined }, 0);
  const outage = {
    since: '2026-11-25T10:04:12.123456Z',
    seconds: 120.4,
    events: 36,
    errorType: 'InternalException',
    error: 'busy',
  };
  view.show({ ...now, lastRun: undefined, outage }, 0);

  expect(lines).toEqual([
    'pending 36, processing 0, published 0, failed 0, 0 events/s\n',
    'pending 36, processing 0, published 0, failed 0, 0 events/s; the bus has not accepted anything since 2026-11-25T10:04:12Z (2 min), InternalException: busy; nothing is lost, and no attempt is used before outbox:outageLimitSeconds (by default a day): 36 events wait and are published when the bus accepts again\n',
  ]);
});
