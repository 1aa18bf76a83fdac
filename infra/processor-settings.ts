import type { Duration } from 'aws-cdk-lib';

// Made from settings.ts by `npm run docs:generate`.

/** What a run may take, how failed events come back, and how long processed ones are kept. */
export interface ProcessorSettings {
  /**
   * How often the processor runs, in whole minutes, the smallest unit of EventBridge Scheduler. An Aurora
   * cluster that may pause does so after at least 5 idle minutes, so never with a minute. 1 to 1,440 minutes.
   * @default 1 minute
   */
  readonly interval?: Duration;
  /**
   * Runs started by every tick, each with batches of its own. Each needs up to `publishConcurrency` + 1 of
   * the account's concurrent Lambda executions, and twice that while a lingering run overlaps the next one. 1
   * to 10 runs.
   * @default 1
   */
  readonly lanes?: number;
  /**
   * How long a run goes on checking for new events when nothing is due. At the length of the interval, an
   * event waits for the next check instead of the next tick. 1 to 240 seconds.
   * @default none: a run ends when nothing is due
   */
  readonly linger?: Duration;
  /**
   * Time between two checks for new events by a run that lingers. 1 to 60 seconds.
   * @default 1 second
   */
  readonly pollInterval?: Duration;
  /**
   * Events in one batch. 200 failures with their causes fill the 256 KiB that a state may hold. 1 to 200
   * events.
   * @default five times `publishConcurrency`, three times with `linger`, at most 200
   */
  readonly batchSize?: number;
  /**
   * How much of the payloads of one batch travels through the state of a run, and so appears in its graph and
   * its log. The smallest payloads come first, as JSON with its escapes; the publishers read the others from
   * the table, up to `publishChunkSize` in one call. With 0 no payload ever enters the log of a run. 0 to
   * 240,000 bytes.
   * @default 240000
   */
  readonly inlinePayloadBytes?: number;
  /**
   * Events in one Map iteration and one PutEvents request. With more than one, an iteration is no longer a
   * single event: several times the throughput with a tenth of the invocations and requests, but a publisher
   * that dies costs each of its events an attempt. 1 to 10 events.
   * @default 1
   */
  readonly publishChunkSize?: number;
  /**
   * Events published at once by one run: an inline Map runs at most 40 iterations. 1 to 40 events at once.
   * @default 40, or what `accountConcurrency` leaves
   */
  readonly publishConcurrency?: number;
  /**
   * Concurrent Lambda executions that the account has for the outbox: 10 fits a new account. `lanes` x
   * (`publishConcurrency` + 1), twice that with `linger`, must fit. 5 to 1,000,000 executions.
   * @default as many as it needs
   * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
   */
  readonly accountConcurrency?: number;
  /**
   * Concurrent executions that Lambda keeps for the publisher, and the most that it may use. At least
   * `publishConcurrency` x `lanes`; Lambda leaves at least 100 of an account's executions unreserved. 1 to
   * 1,000,000 executions.
   * @default none reserved
   */
  readonly reservedConcurrency?: number;
  /**
   * How often Step Functions retries an event within a run. All its retries end within 30 seconds. 0 to 3
   * retries.
   * @default 2
   */
  readonly publishRetries?: number;
  /**
   * Attempts after which an event fails for good. Each claim is one attempt. 1 to 1,000 attempts.
   * @default 8
   */
  readonly maxAttempts?: number;
  /**
   * How long a claim holds its events. It must outlast an Express execution, 300 seconds, and the last call
   * of that execution. 305 to 86,400 seconds.
   * @default 330 seconds
   */
  readonly lease?: Duration;
  /**
   * The wait before an event's second attempt. It doubles with every further attempt; jitter shortens it by
   * up to a half. 1 to 86,400 seconds.
   * @default 10 seconds
   */
  readonly backoffBase?: Duration;
  /**
   * The longest wait between two attempts. 1 to 86,400 seconds.
   * @default 900 seconds
   */
  readonly backoffMax?: Duration;
  /**
   * How long events that were given back, because of an outage or throttling, wait before they are due again.
   * They lose no attempt. 1 to 3,600 seconds.
   * @default 30 seconds
   */
  readonly outageDelay?: Duration;
  /**
   * How long an event may be given back because of outages before each further one costs an attempt: the
   * event itself may be why the bus does not answer. Throttling never costs one. 1 to 2,592,000 seconds.
   * @default 86400 seconds
   */
  readonly outageLimit?: Duration;
  /**
   * How long processed events are kept. Failed ones are kept for ever. 1 to 3,650 days.
   * @default 7 days
   */
  readonly retention?: Duration;
  /**
   * How often processed events past their retention are deleted. A cleanup works for 4 minutes at most: with
   * an hour between two of them it keeps up with 2,000 events a second. 5 to 1,440 minutes.
   * @default 60, and 30 with more than 5 lanes
   */
  readonly cleanupInterval?: Duration;
  /**
   * How long every event of the new bus can be replayed from an EventBridge archive. A replayed event has its
   * old `eventId`, so consumers that de-duplicate ignore it. Contradicts `eventBus`. 1 to 36,500 days.
   * @default no archive
   */
  readonly archiveRetention?: Duration;
  /**
   * Age of the oldest unfinished event that raises an alarm. 1 to 10,080 minutes.
   * @default five intervals, at least 5 minutes
   */
  readonly maximumEventAge?: Duration;
}
