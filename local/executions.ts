import type { HistoryEvent } from './asl/history.ts';
import type { ResumePoint } from './asl/run.ts';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** One execution as it stands. Inputs, outputs and the history hold JSON values, not texts: most are never looked at. */
export interface ExecutionRecord {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  /** Whether its caller waits for it, as for StartSyncExecution. */
  readonly sync: boolean;
  readonly startDate: Date;
  readonly input: unknown;
  readonly history: HistoryEvent[];
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

// A run over a full batch of 200 events leaves some 2,000 history events.
const MAX_HISTORY_EVENTS = 200_000;
const MAX_EXECUTIONS = 5_000;

/** The executions that can be looked at, the newest ones with their history: a twin may run for days. */
export class Executions {
  readonly #records = new Map<string, ExecutionRecord>();

  add(record: ExecutionRecord): void {
    this.#records.set(record.executionArn, record);
    let events = 0;
    let kept = 0;
    for (const old of [...this.#records.values()].reverse()) {
      kept += 1;
      events += old.history.length;
      if (old.status === 'RUNNING') continue;
      if (kept > MAX_EXECUTIONS) this.#records.delete(old.executionArn);
      else if (events > MAX_HISTORY_EVENTS) old.history.length = 0;
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
}
