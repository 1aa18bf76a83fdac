import type { EventReader } from '../twin/faults/faults.ts';

/** Finds the outbox's events in requests and answers of its functions, so that a fault rule can match them. */
export const outboxEvents: EventReader = {
  inPayload(payload) {
    const { events = [], outcomes = [] } = (payload ?? {}) as {
      events?: readonly { eventId: string; eventType: string }[];
      outcomes?: readonly { eventId: string }[];
    };
    return [
      ...events.map(({ eventId, eventType }) => ({ id: eventId, type: eventType })),
      ...outcomes.map(({ eventId }) => ({ id: eventId })),
    ];
  },
  // Found without parsing the detail, which may have a megabyte.
  idIn: (detail) => /"eventId": ?"([0-9a-f-]{36})"/.exec(detail)?.[1],
};
