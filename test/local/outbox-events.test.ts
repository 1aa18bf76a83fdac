import { expect, test } from '@jest/globals';
import { outboxEvents } from '../../local/outbox-events.ts';
import { createFaults } from '../../twin/faults/faults.ts';
import { createHeldCalls } from '../../twin/faults/held-calls.ts';
import { createPace } from '../../twin/pace.ts';

const [mine, other] = ['0f8fad5b-d9cb-469f-a165-70867728950e', '7c9e6679-7425-40de-944b-e07fc1f90ae7'];
const faults = createFaults([], createHeldCalls(0, createPace(1)), outboxEvents);

test.each([
  ['applies', 'publishes it', { events: [{ eventId: mine, eventType: 'push' }] }],
  ['applies', 'marks its outcome', { outcomes: [{ eventId: other }, { eventId: mine }] }],
  ['does not apply', 'publishes another event', { events: [{ eventId: other, eventType: 'push' }] }],
  ['does not apply', 'has no events', {}],
])('a fault rule with an event id %s to an invocation that %s', (applies, _, payload) => {
  faults.replace([{ service: 'lambda', kind: 'crash', match: { eventId: mine } }]);

  const crash = faults.crash(() => ({ service: 'lambda', operation: 'Invoke', payload }));

  expect(crash).toBe(applies === 'applies' ? 'before' : undefined);
});

test('a fault rule with a detail type applies to invocations by their events, not by their outcomes', () => {
  faults.replace([{ service: 'lambda', kind: 'crash', match: { detailType: 'push' } }]);
  const crash = (payload: object) =>
    faults.crash(() => ({ service: 'lambda', operation: 'Invoke', payload }));

  expect(crash({ events: [{ eventId: mine, eventType: 'push' }] })).toBe('before');
  expect(crash({ events: [{ eventId: mine, eventType: 'star' }] })).toBeUndefined();
  expect(crash({ outcomes: [{ eventId: mine }] })).toBeUndefined();
});

test('a fault rule with an event id applies to entries with that id in the detail, with or without a space', () => {
  faults.replace([{ service: 'events', kind: 'entry-error', code: 'Sad', match: { eventId: mine } }]);
  const entryError = (detail: string) =>
    faults.entryError(() => ({
      service: 'events',
      operation: 'PutEvents',
      entries: [{ detailType: 'push', detail }],
    }));

  expect(entryError(`{"eventId":"${mine}"}`)).toBe('Sad');
  expect(entryError(`{"eventId": "${mine}"}`)).toBe('Sad');
  expect(entryError(`{"eventId":"${other}"}`)).toBeUndefined();
});
