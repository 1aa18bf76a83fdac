/** The life of an event. Only these four, and only along {@link allowedTransitions}. */
export type EventStatus = 'PENDING' | 'PROCESSING' | 'PROCESSED' | 'FAILED';

/**
 * Every arrow of the life cycle. `FAILED -> PROCESSED` and `PENDING -> PROCESSED` are no mistake: a run that
 * lost its lease may still have published the event, and a success is a fact whoever holds the lease.
 */
export const allowedTransitions: Readonly<Record<EventStatus, readonly EventStatus[]>> = {
  PENDING: ['PROCESSING', 'PROCESSED', 'FAILED'],
  PROCESSING: ['PROCESSING', 'PENDING', 'PROCESSED', 'FAILED'],
  PROCESSED: [],
  FAILED: ['PENDING', 'PROCESSED'],
};

/** A claimed event as it travels through a run's state. */
export interface ClaimedEvent {
  readonly eventId: string;
  readonly eventType: string;
  /** The EventBridge detail as text, built by PostgreSQL. Absent when it is too large to travel: see read-detail.ts. */
  readonly detail?: string;
  /** ISO 8601, UTC, milliseconds. */
  readonly createdAt: string;
  /** This one included. */
  readonly attempts: number;
  /** Present when an outage gave the event back before: the bus may never answer it. */
  readonly givenBack?: true;
  /** X-Ray trace header that the producer stored with the event. */
  readonly traceHeader?: string;
}
