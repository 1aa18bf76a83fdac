import type { HistoryEvent } from './asl/history.ts';
import type { ResumePoint } from './asl/run.ts';
import { footprint } from './footprint.ts';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** The current state of an execution. Inputs, outputs and the history hold JSON values instead of texts, because most are never read. */
export interface ExecutionRecord {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  /** Whether its caller waits for it, as for StartSyncExecution. */
  readonly sync: boolean;
  readonly startDate: Date;
  readonly input: unknown;
  /** Only its newest part if all of it was too long to be kept. */
  readonly history: HistoryEvent[];
  lastEventId?: number;
  abort: AbortController;
  redriveCount: number;
  redriveDate?: Date;
  status: ExecutionStatus;
  stopDate?: Date;
  output?: unknown;
  error?: string;
  cause?: string;
  failedAt?: ResumePoint;
  /** Settles with the execution. */
  ended: Promise<void>;
}

// A run over a full batch of 200 events of 10 KB leaves some 4 MB.
const MAX_HISTORY_BYTES = 24 * 1024 * 1024;
const MAX_SUMMARY_BYTES = 8 * 1024 * 1024;
const MAX_EXECUTIONS = 5_000;
const HISTORY_EVENT_BYTES = 500;

interface Kept {
  /** The bytes of the record without its history. */
  summaryBytes: number;
  /** The bytes of each event of its history. */
  readonly eventBytes: number[];
  historyBytes: number;
}

/**
 * The executions that can be looked at. They are bounded by bytes, because a twin may run for days: histories go first,
 * starting with the oldest execution that has ended; the newest one that has ended and those that run keep theirs, or
 * when these alone are too many bytes, the newest part of it.
 */
export class Executions {
  readonly #records = new Map<string, ExecutionRecord>();
  readonly #kept = new WeakMap<ExecutionRecord, Kept>();
  /** Those that have ended with a history, in the order of their end. */
  readonly #ended = new Set<ExecutionRecord>();
  #historyBytes = 0;
  #summaryBytes = 0;

  add(record: ExecutionRecord): void {
    const kept = { summaryBytes: footprint(record.input), eventBytes: [], historyBytes: 0 };
    this.#kept.set(record, kept);
    this.#summaryBytes += kept.summaryBytes;
    this.#records.set(record.executionArn, record);
  }

  /** Adds the next event of an execution's history. */
  append(record: ExecutionRecord, event: HistoryEvent): void {
    const kept = this.#keptOf(record);
    const bytes = HISTORY_EVENT_BYTES + footprint(broughtIn(event));
    record.history.push(event);
    record.lastEventId = event.id;
    kept.eventBytes.push(bytes);
    kept.historyBytes += bytes;
    this.#historyBytes += bytes;
    if (this.#historyBytes > MAX_HISTORY_BYTES) this.#makeRoom();
  }

  /** The execution has ended: its record says how. */
  end(record: ExecutionRecord): void {
    const kept = this.#keptOf(record);
    const { output, cause, failedAt } = record;
    const bytes = footprint(output) + footprint(cause) + footprint(failedAt);
    kept.summaryBytes += bytes;
    this.#summaryBytes += bytes;
    this.#ended.delete(record);
    this.#ended.add(record);
    for (const old of this.#records.values()) {
      if (this.#records.size <= MAX_EXECUTIONS && this.#summaryBytes <= MAX_SUMMARY_BYTES) return;
      if (old.status !== 'RUNNING' && old !== record) this.#forget(old);
    }
  }

  get(executionArn: string): ExecutionRecord | undefined {
    return this.#records.get(executionArn);
  }

  /** Newest first. */
  list(stateMachineArn?: string): ExecutionRecord[] {
    return [...this.#records.values()]
      .filter((record) => stateMachineArn === undefined || record.stateMachineArn === stateMachineArn)
      .reverse();
  }

  #keptOf(record: ExecutionRecord): Kept {
    const kept = this.#kept.get(record);
    if (kept === undefined) throw new Error(`unknown execution ${record.executionArn}`);
    return kept;
  }

  #makeRoom(): void {
    for (const oldest of this.#ended) {
      if (this.#historyBytes <= MAX_HISTORY_BYTES || this.#ended.size === 1) break;
      this.#ended.delete(oldest);
      // One that was redriven runs again.
      if (oldest.status !== 'RUNNING') this.#cut(oldest, oldest.history.length);
    }
    while (this.#historyBytes > MAX_HISTORY_BYTES) {
      const largest = [...this.#records.values()].reduce((a, b) =>
        this.#keptOf(b).historyBytes > this.#keptOf(a).historyBytes ? b : a,
      );
      this.#cut(largest, Math.ceil(largest.history.length / 8));
    }
  }

  /** Drops the oldest events of a history. */
  #cut(record: ExecutionRecord, events: number): void {
    const kept = this.#keptOf(record);
    record.history.splice(0, events);
    const bytes = kept.eventBytes.splice(0, events).reduce((sum, one) => sum + one, 0);
    kept.historyBytes -= bytes;
    this.#historyBytes -= bytes;
  }

  #forget(record: ExecutionRecord): void {
    this.#cut(record, record.history.length);
    this.#summaryBytes -= this.#keptOf(record).summaryBytes;
    this.#ended.delete(record);
    this.#records.delete(record.executionArn);
  }
}

/** The values that are new with this event. All other values of a history consist of these and share their memory. */
function broughtIn(event: HistoryEvent): unknown {
  const { executionStartedEventDetails, taskSucceededEventDetails, taskFailedEventDetails } = event;
  return (
    taskSucceededEventDetails?.['output'] ??
    taskFailedEventDetails?.['cause'] ??
    executionStartedEventDetails?.['input']
  );
}
