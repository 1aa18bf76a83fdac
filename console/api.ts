/**
 * What the page asks its server. All paths stand under `/api`; answers and bodies are JSON, times are ISO 8601 in UTC.
 * An error answers with a status of 400 or more and a {@link Problem}.
 */

/** The four statuses of an event. */
export type EventStatus = 'pending' | 'processing' | 'processed' | 'failed';

/** A sentence for the person in front of the page. */
export interface Problem {
  /** A literal such as `NoCredentials`, `AccessDenied`, `StackNotFound`, `HistoryOff`, `DatabaseUnavailable`. */
  readonly error: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** `GET /session`: once, when the page opens. */
export interface Session {
  /** For the title: `the stack outbox in eu-central-1`, or `the twin at http://127.0.0.1:4566`. */
  readonly place: string;
  readonly version: string;
  /** Changes are refused. */
  readonly readOnly: boolean;
  readonly machines: readonly Machine[];
  /** What runs leave behind, see `executionHistory` of the construct. */
  readonly history: 'all' | 'without-data' | 'errors' | 'off';
}

export interface Machine {
  readonly arn: string;
  readonly name: string;
  readonly role: 'processor' | 'redrive' | 'replay' | 'cleanup';
  readonly type: 'EXPRESS' | 'STANDARD';
  /** Amazon States Language. */
  readonly definition: object;
}

/** `GET /overview` */
export interface Overview {
  /** Each counted up to 1,000. */
  readonly counts: Readonly<Record<EventStatus, number>>;
  /** Of the pending ones. */
  readonly due: number;
  readonly dueLater: number;
  /** Ordering keys that wait behind a failed event, counted up to 1,000. */
  readonly blockedKeys: number;
  /** Seconds since the oldest unfinished event could first be published. */
  readonly lagSeconds: number;
  readonly lastProcessedAt: string | null;
  /** What is wrong, the worst first; empty when all is well. */
  readonly findings: readonly Finding[];
  /** Null when they cannot be read: a finding says why. */
  readonly alarms: readonly Alarm[] | null;
  readonly schedules: readonly Schedule[];
  /** Since the page was opened, at most ten minutes. */
  readonly samples: readonly Sample[];
}

export interface Finding {
  readonly severity: 'error' | 'warning' | 'info';
  /** A sentence: `the bus has not answered for 2 minutes; nothing is lost`. */
  readonly message: string;
  readonly remedy?: string;
}

export interface Alarm {
  readonly name: string;
  readonly state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
  readonly reason: string;
}

export interface Schedule {
  readonly name: string;
  readonly state: 'ENABLED' | 'DISABLED';
  /** `rate(1 minute)` */
  readonly expression: string;
}

export interface Sample {
  readonly at: string;
  /** Events processed since the sample before. */
  readonly processed: number;
  readonly lagSeconds: number;
  readonly pending: number;
}

/** `GET /failures`: the failed events by error type and event type, the most frequent first. */
export interface Failures {
  readonly failures: readonly {
    readonly errorType: string | null;
    readonly eventType: string;
    /** Counted up to 1,000. */
    readonly events: number;
    /** Of the newest one. */
    readonly error: string | null;
    readonly oldest: string;
    readonly newest: string;
  }[];
}

/** `GET /events?status&eventType&aggregateId&errorType&run&orderingKey&blocksKey=yes&id&createdAfter&createdBefore&before`,
 * 100 a page; what is due, failed or was processed last comes first. */
export interface EventsPage {
  readonly events: readonly EventRow[];
  /** For `before`, absent on the last page. */
  readonly next?: string;
}

export interface EventRow {
  readonly eventId: string;
  readonly status: EventStatus;
  readonly eventType: string;
  readonly aggregateType: string | null;
  readonly aggregateId: string;
  readonly orderingKey: string | null;
  readonly attempts: number;
  readonly errorType: string | null;
  readonly error: string | null;
  readonly runArn: string | null;
  readonly createdAt: string;
  readonly dueAt: string | null;
  readonly processedAt: string | null;
  readonly failedAt: string | null;
}

/** `GET /events/{id}` */
export interface EventStory extends EventRow {
  /** As stored, formatted; `GET /events/{id}?payload=true` only. */
  readonly payload?: string;
  /** UTF-8 bytes of the detail. */
  readonly detailBytes: number;
  readonly readyAt: string;
  readonly redrives: number;
  readonly redriveArn: string | null;
  readonly replays: number;
  readonly replayedAt: string | null;
  /** Of the last one, as consumers see it. */
  readonly replayArn: string | null;
  readonly replayReason: string | null;
  readonly eventBridgeId: string | null;
  readonly traceHeader: string | null;
  /** Null when no outage gave it back. */
  readonly givenBackSince: string | null;
  readonly sequence: string;
  /** Of an ordered event that was claimed: the place of the one that the bus accepted before it. */
  readonly previousSequence: string | null;
  readonly skippedAt: string | null;
  /** Null when the setting `orderingOnFailure` skipped it. */
  readonly skippedBy: string | null;
  readonly skipReason: string | null;
  /** Events of its ordering key that wait behind it, counted up to 1,000. */
  readonly waitingBehind: number;
  /** The first unfinished event of its ordering key, when that comes before this one. */
  readonly waitsFor: { readonly eventId: string; readonly status: EventStatus } | null;
  /** The whole row, column by column, for those who want to see it. */
  readonly columns: Readonly<Record<string, string | null>>;
}

/** `GET /runs?machine&idle=true&next`: newest first, without `idle` only runs that found something. */
export interface RunsPage {
  readonly runs: readonly RunSummary[];
  /** Runs that found nothing and were left out. */
  readonly idle: number;
  readonly next?: string;
}

export interface RunSummary {
  readonly arn: string;
  readonly machineArn: string;
  readonly name: string;
  /** UNKNOWN: CloudWatch Logs, which keeps a history as well as it can, has no end of it. */
  readonly status:
    | 'RUNNING'
    | 'SUCCEEDED'
    | 'FAILED'
    | 'TIMED_OUT'
    | 'ABORTED'
    | 'PENDING_REDRIVE'
    | 'UNKNOWN';
  readonly startedAt: string;
  readonly stoppedAt: string | null;
  /** The output of a successful run, where the history holds data. */
  readonly output?: unknown;
  readonly error?: string;
  readonly cause?: string;
  readonly dryRun?: true;
}

/** `GET /runs/{arn}?after=N&at=TIME`: with its history after event N, without inputs and outputs; `at` is about when
 * it began, which spares a search. */
export interface Run extends RunSummary {
  readonly input?: string;
  readonly events: readonly HistoryStep[];
  /** Step Functions or CloudWatch Logs left something out: a sentence. */
  readonly truncated?: string;
  /** There is more of its history, or a missing event may still be delivered: ask again, also when the run has ended. */
  readonly more?: true;
}

export interface HistoryStep {
  readonly id: number;
  readonly previousEventId: number;
  readonly timestamp: string;
  /** `TaskStateEntered`, ... */
  readonly type: string;
  /** Of the state. */
  readonly name?: string;
  /** Of the Map's iteration. */
  readonly index?: number;
  /** Of the Map. */
  readonly length?: number;
  readonly error?: string;
  readonly cause?: string;
}

/** `GET /runs/{arn}/history/{id}` */
export interface HistoryDetail extends HistoryStep {
  /** All that the history holds of it. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly truncated?: string;
}
