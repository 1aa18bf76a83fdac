import { expect, test } from '@jest/globals';
import { createLiveView } from '../../local/live-view.ts';

test('the live line says that the bus is away, since when, and what it costs', () => {
  const lines: string[] = [];
  const stream = { isTTY: false, write: (text: string) => lines.push(text) } as unknown as NodeJS.WriteStream;
  const now = { pending: 36, due: 0, dueLater: 36, processing: 0, failed: 0, lagSeconds: 130, published: 0 };
  const view = createLiveView(stream);

  view.show({ ...now, lastRun: undefined, outage: undefined }, 0);
  const outage = { since: new Date('2026-11-25T10:04:12Z'), seconds: 120.4, errorType: 'InternalException' };
  view.show({ ...now, lastRun: undefined, outage }, 0);

  expect(lines).toEqual([
    'pending 36, processing 0, published 0, failed 0, 0 events/s\n',
    'pending 36, processing 0, published 0, failed 0, 0 events/s; the bus has not accepted anything since 10:04:12Z (120 s), InternalException: nothing is lost, it drains by itself\n',
  ]);
});
