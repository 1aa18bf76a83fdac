import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { BenchEvent } from '../events.ts';

/** Writes events as an application would. */
export interface Producer {
  /** Writes all events in one transaction. */
  insert(events: readonly BenchEvent[]): Promise<void>;
  close(): Promise<void>;
}

/** Ends a worker after it has finished its current events. */
export type StopWorker = () => Promise<void>;

/** One way of publishing an outbox. A missing peer package fails in `prepare`, not at the import. */
export interface Contender {
  readonly name: string;
  /** The settings that differ from the defaults, in one line. */
  readonly settings: string;
  /** Creates the tables in an empty database. */
  prepare(databaseUrl: string): Promise<void>;
  openProducer(databaseUrl: string): Promise<Producer>;
  startWorker(databaseUrl: string, bus: EventBridgeClient): Promise<StopWorker>;
}
