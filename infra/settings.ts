/** What a run may take and how failed events come back. Units are in the names. */
export interface ProcessorSettings {
  /** Events in one batch. @default 200 */
  readonly batchMaxEvents: number;
  /** Attempts after which an event is parked. @default 8 */
  readonly maxAttempts: number;
  /** Seconds that a claim holds its events: longer than a run and its last Lambda call can take. @default 330 */
  readonly leaseSeconds: number;
  /** Seconds before the second attempt; doubles with every further one. @default 10 */
  readonly backoffBaseSeconds: number;
  /** Seconds that a wait between two attempts never exceeds. @default 900 */
  readonly backoffMaxSeconds: number;
  /** Seconds after which events come back that an outage of the bus gave back. @default 30 */
  readonly outageDelaySeconds: number;
  /** Days that processed events are kept. @default 7 */
  readonly retentionDays: number;
}

export const defaultSettings: ProcessorSettings = {
  batchMaxEvents: 200,
  maxAttempts: 8,
  leaseSeconds: 330,
  backoffBaseSeconds: 10,
  backoffMaxSeconds: 900,
  outageDelaySeconds: 30,
  retentionDays: 7,
};

// A state's input and output hold 262,144 bytes; the rest is for what surrounds the events.
export const BATCH_MAX_STATE_BYTES = 240_000;
// A row of a Data API answer holds 64 KB, the other columns included.
export const INLINE_MAX_BYTES = 60_000;
