/** The status of an event. docs/lifecycle.md shows how it changes. */
export type EventStatus = 'PENDING' | 'PROCESSING' | 'PROCESSED' | 'FAILED';

/** A detail that stays in the table: see read-detail.ts. */
export interface DetailReference {
  /** UTF-8 bytes of the detail. */
  readonly bytes: number;
  /** The version of the row, which PostgreSQL calls xmin: every change of the row changes it. */
  readonly version: number;
}

/** A claimed event as it travels through the state of a run. */
export interface ClaimedEvent {
  readonly eventId: string;
  readonly eventType: string;
  /** The EventBridge detail as text, built by PostgreSQL. Absent when it travels by reference. */
  readonly detail?: string;
  /** Present when the publisher reads the detail. */
  readonly byReference?: DetailReference;
  /** ISO 8601, UTC, milliseconds. */
  readonly createdAt: string;
  /** Attempts including this one. */
  readonly attempts: number;
  /** Present when an outage gave the event back before: it may be the event that the bus never answers. */
  readonly givenBack?: true;
  /** X-Ray trace header that the producer stored with the event. */
  readonly traceHeader?: string;
  /** The key of an event that is published in the order of its key, also when it has left that order. */
  readonly orderingKey?: string;
  /** The event's place in the order of its key. Absent when it has none: without a key, or skipped. */
  readonly sequence?: number;
  /** The place of the last event of the key that the bus accepted before this one; null for the first. */
  readonly previousSequence?: number | null;
  /** The replay that publishes it again, which its detail names. */
  readonly replayId?: string;
}
