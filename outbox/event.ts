/** The status of an event. docs/lifecycle.md shows how it changes. */
export type EventStatus = 'PENDING' | 'PROCESSING' | 'PROCESSED' | 'FAILED';

/** A claimed event as it travels through the state of a run. */
export interface ClaimedEvent {
  readonly eventId: string;
  readonly eventType: string;
  /** The EventBridge detail as text, built by PostgreSQL. Absent when it is too large to travel: see read-detail.ts. */
  readonly detail?: string;
  /** ISO 8601, UTC, milliseconds. */
  readonly createdAt: string;
  /** Attempts including this one. */
  readonly attempts: number;
  /** Present when an outage gave the event back before: it may be the event that the bus never answers. */
  readonly givenBack?: true;
  /** X-Ray trace header that the producer stored with the event. */
  readonly traceHeader?: string;
}
