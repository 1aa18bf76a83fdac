import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { BenchEvent } from '../events.ts';

/** Writes events as an application would. */
export interface Producer {
  /** All of them in one transaction. */
  insert(events: readonly BenchEvent[]): Promise<void>;
  close(): Promise<void>;
}

/** Ends a worker once it has finished what it holds. */
export type StopWorker = () => Promise<void>;

/** One way of publishing an outbox. A peer that is not installed fails in `prepare`, not when this is imported. */
export interface Contender {
  readonly name: string;
  /** What is not at its default, in one line. */
  readonly settings: string;
  /** Makes the tables in an empty database. */
  prepare(databaseUrl: string): Promise<void>;
  openProducer(databaseUrl: string): Promise<Producer>;
  startWorker(databaseUrl: string, bus: EventBridgeClient): Promise<StopWorker>;
}
