/** What the page asks the console's server to change, and what it answers. */

/** `POST /redrives` */
export interface RedriveOrder {
  readonly filter: {
    readonly eventIds?: readonly string[];
    readonly executionArn?: string;
    readonly eventType?: string;
    readonly aggregateId?: string;
    readonly errorType?: string;
    readonly failedAfter?: string;
    readonly failedBefore?: string;
    readonly all?: true;
  };
  readonly limit?: number;
  /** Counts only. */
  readonly dryRun: boolean;
}

/** What changes that are counted first are answered with. */
export interface CountedAnswer {
  /** Counted up to 100,000. */
  readonly matching: number;
  /** Of these, events that were skipped, if any: they are published out of the order of their keys. */
  readonly outOfOrder?: number;
  /** Absent for a dry run. */
  readonly executionArn?: string;
}

export type RedriveAnswer = CountedAnswer;

/** `POST /replays` */
export interface ReplayOrder {
  readonly filter: {
    readonly eventIds?: readonly string[];
    readonly executionArn?: string;
    readonly eventType?: string;
    readonly aggregateType?: string;
    readonly aggregateId?: string;
    readonly processedAfter?: string;
    readonly processedBefore?: string;
    readonly all?: true;
  };
  readonly limit?: number;
  /** Events a second, 1 to 200. @default 20 */
  readonly rate?: number;
  readonly reason?: string;
  /** Counts only. */
  readonly dryRun: boolean;
}

export interface ReplayAnswer extends CountedAnswer {
  /** Older ones were purged; null when no processed event is kept. */
  readonly oldestProcessedAt: string | null;
}

/** `POST /skips`: lets the events behind a failed one of its ordering key pass. */
export interface SkipOrder {
  readonly eventId: string;
  readonly reason?: string;
  /** Counts only. */
  readonly dryRun: boolean;
}

export interface SkipAnswer {
  readonly orderingKey: string;
  /** Events that pass, counted up to 1,000. */
  readonly waitingBehind: number;
  /** Absent for a dry run. */
  readonly skippedAt?: string;
}

/** `POST /runs`: starts the processor once. */
export interface StartedRun {
  readonly executionArn: string;
}
