/** The status of an event. Only these four exist, and only the changes in {@link allowedTransitions}. */
export type EventStatus = 'PENDING' | 'PROCESSING' | 'PROCESSED' | 'FAILED';

/**
 * Every arrow of the life cycle. `FAILED -> PROCESSED` and `PENDING -> PROCESSED` are correct: a run that lost its
 * lease may still have published the event, and a success is recorded whoever holds the lease.
 */
export const allowedTransitions: Readonly<Record<EventStatus, readonly EventStatus[]>> = {
  PENDING: ['PROCESSING', 'PROCESSED', 'FAILED'],
  PROCESSING: ['PROCESSING', 'PENDING', 'PROCESSED', 'FAILED'],
  PROCESSED: [],
  FAILED: ['PENDING', 'PROCESSED'],
};

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
