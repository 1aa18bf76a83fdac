import { Duration } from 'aws-cdk-lib';

/** What a run may take, how failed events come back, and how long processed ones are kept. */
export interface ProcessorSettings {
  /**
   * Events in one batch, 1 to 200: 200 failures with their causes fill the 256 KiB that a state may hold.
   * @default five times `publishConcurrency`, three times with `linger`, at most 200
   */
  readonly batchSize?: number;
  /**
   * Events in one Map iteration and one PutEvents request, 1 to 10. With more than one, an iteration is a request
   * instead of an event: several times the throughput with a tenth of the invocations and requests, and a publisher
   * that dies takes the first attempt of all its events.
   * @default 1
   */
  readonly publishChunkSize?: number;
  /**
   * Events published at once, 1 to 40: an inline Map runs no more.
   * @default 40, or what `accountConcurrency` leaves
   */
  readonly publishConcurrency?: number;
  /**
   * Concurrent Lambda executions that the account has for the outbox, at least 5. A new account may have 10 in all.
   * `lanes` x (`publishConcurrency` + 1), twice that with `linger`, must fit.
   * @default as many as it needs
   * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
   */
  readonly accountConcurrency?: number;
  /**
   * Concurrent executions that Lambda keeps for the publisher, and its most: at least `publishConcurrency` x `lanes`.
   * Lambda leaves at least 100 of an account's executions unreserved.
   * @default none reserved
   */
  readonly reservedConcurrency?: number;
  /**
   * How often Step Functions retries one event within a run, 0 to 3: all tries of one event end within 30 seconds.
   * @default 2
   */
  readonly publishRetries?: number;
  /**
   * Attempts, one per claim, after which an event is parked, 1 to 1000.
   * @default 8
   */
  readonly maxAttempts?: number;
  /**
   * How long a claim holds its events. At least 305 seconds: the 300 of an Express execution and its last call.
   * @default 330 seconds
   */
  readonly lease?: Duration;
  /**
   * The wait before an event's second attempt; doubles with every further one, and is jittered down to its half.
   * @default 10 seconds
   */
  readonly backoffBase?: Duration;
  /**
   * What a wait between two attempts never exceeds.
   * @default 15 minutes
   */
  readonly backoffMax?: Duration;
  /**
   * The wait of events that an outage of the bus or throttling gave back; no attempt is consumed.
   * @default 30 seconds
   */
  readonly outageDelay?: Duration;
  /**
   * How long outages give an event back, at most 30 days. After that each one costs it an attempt, because it may be
   * the event that the bus never answers. Throttling never costs one.
   * @default 1 day
   */
  readonly outageLimit?: Duration;
  /**
   * How long processed events are kept, in whole days. Parked ones are kept for ever.
   * @default 7 days
   */
  readonly retention?: Duration;
  /**
   * How often processed events past their retention are deleted, in whole minutes, 5 minutes to a day. A cleanup
   * works for 4 minutes at most: with an hour between two of them it keeps up with 2,000 events a second.
   * @default 1 hour, and 30 minutes with more than 5 lanes
   */
  readonly cleanupInterval?: Duration;
  /**
   * How often the processor runs, in whole minutes: EventBridge Scheduler knows no seconds. With a minute,
   * Aurora never pauses; it pauses after at least 5 idle minutes.
   * @default 1 minute
   */
  readonly interval?: Duration;
  /**
   * Runs started by every tick, 1 to 10, each with batches of its own. Each needs up to `publishConcurrency` + 1 of
   * the account's concurrent Lambda executions, and twice that while a lingering run overlaps the next one.
   * @default 1
   */
  readonly lanes?: number;
  /**
   * How long a run stays and looks for new events, instead of ending when nothing is due. With the length of the
   * interval, an event waits for the next look and no longer for the next tick.
   * @default no longer than it finds events
   */
  readonly linger?: Duration;
  /**
   * Whole seconds between two looks of a run that lingers, 1 to 60.
   * @default 1 second
   */
  readonly pollInterval?: Duration;
}

/** The settings as numbers, every one within its limits. */
export interface CheckedSettings {
  readonly batchSize: number;
  readonly publishChunkSize: number;
  readonly publishConcurrency: number;
  readonly reservedConcurrency?: number;
  readonly publishRetries: number;
  readonly maxAttempts: number;
  readonly leaseSeconds: number;
  readonly backoffBaseSeconds: number;
  readonly backoffMaxSeconds: number;
  readonly outageDelaySeconds: number;
  readonly outageLimitSeconds: number;
  readonly retentionDays: number;
  readonly cleanupInterval: Duration;
  readonly interval: Duration;
  readonly lanes: number;
  /** 0 when runs do not linger. */
  readonly lingerSeconds: number;
  readonly pollSeconds: number;
}

// Five lanes can publish what an hourly cleanup can delete: test/infra/contract/cleanup-capacity.test.ts.
const LANES_OF_HOURLY_CLEANUP = 5;

// A batch of five waves fits an execution in its worst case; a run that may begin one after a minute has time for three.
const WAVES = 5;
const LINGERING_WAVES = 3;
const MAX_BATCH = 200;
const MAX_CONCURRENCY = 40;

/** @throws Error that names the setting, the value received and what is allowed */
export function checkSettings(given: ProcessorSettings): CheckedSettings {
  const { linger, interval = Duration.minutes(1) } = given;
  if (given.pollInterval !== undefined && linger === undefined)
    throw new Error('pollInterval is given without linger: a run that does not linger looks once');
  wholeNumber('interval', inSeconds(interval) / 60, 1, 1440, 'minutes');
  const lanes = wholeNumber('lanes', given.lanes ?? 1, 1, 10, 'runs');
  const cleanupInterval =
    given.cleanupInterval ?? Duration.minutes(lanes > LANES_OF_HOURLY_CLEANUP ? 30 : 60);
  wholeNumber('cleanupInterval', inSeconds(cleanupInterval) / 60, 5, 1440, 'minutes');
  if (linger !== undefined && inSeconds(given.pollInterval ?? Duration.seconds(1)) >= inSeconds(linger)) {
    throw new Error(
      `linger is ${inSeconds(linger)} seconds and pollInterval is not shorter: the run would never look again`,
    );
  }
  const publishConcurrency = concurrency(given);
  const waves = linger === undefined ? WAVES : LINGERING_WAVES;
  const batchSize = given.batchSize ?? Math.min(MAX_BATCH, waves * publishConcurrency);
  const backoffMax = inSeconds(given.backoffMax ?? Duration.minutes(15));
  const backoffBase = inSeconds(given.backoffBase ?? Duration.seconds(10));
  const lease = inSeconds(given.lease ?? Duration.seconds(330));
  const outageDelay = inSeconds(given.outageDelay ?? Duration.seconds(30));
  const outageLimit = inSeconds(given.outageLimit ?? Duration.days(1));
  const retention = inSeconds(given.retention ?? Duration.days(7)) / 86_400;
  const pollInterval = inSeconds(given.pollInterval ?? Duration.seconds(1));
  return {
    batchSize: wholeNumber('batchSize', batchSize, 1, 200, 'events'),
    publishChunkSize: wholeNumber('publishChunkSize', given.publishChunkSize ?? 1, 1, 10, 'events'),
    publishConcurrency,
    ...reserved(given, publishConcurrency),
    publishRetries: wholeNumber('publishRetries', given.publishRetries ?? 2, 0, 3, 'retries'),
    maxAttempts: wholeNumber('maxAttempts', given.maxAttempts ?? 8, 1, 1000, 'attempts'),
    leaseSeconds: wholeNumber('lease', lease, 305, 86_400, 'seconds'),
    backoffMaxSeconds: wholeNumber('backoffMax', backoffMax, 1, 86_400, 'seconds'),
    backoffBaseSeconds: wholeNumber(
      'backoffBase',
      backoffBase,
      1,
      backoffMax,
      'seconds (backoffMax is the upper end)',
    ),
    outageDelaySeconds: wholeNumber('outageDelay', outageDelay, 1, 3600, 'seconds'),
    outageLimitSeconds: wholeNumber('outageLimit', outageLimit, 1, 2_592_000, 'seconds'),
    retentionDays: wholeNumber('retention', retention, 1, 3650, 'days'),
    cleanupInterval,
    interval,
    lanes,
    lingerSeconds: linger === undefined ? 0 : wholeNumber('linger', inSeconds(linger), 1, 240, 'seconds'),
    pollSeconds: wholeNumber('pollInterval', pollInterval, 1, 60, 'seconds'),
  };
}

/** Events published at once by one run, such that all runs together fit the account. */
function concurrency({
  lanes = 1,
  linger,
  accountConcurrency,
  publishConcurrency,
}: ProcessorSettings): number {
  // A lingering run overlaps the next one, and beside its publishers a run has one other function.
  const runs = lanes * (linger === undefined ? 1 : 2);
  if (accountConcurrency !== undefined)
    wholeNumber('accountConcurrency', accountConcurrency, 5, 1_000_000, 'executions');
  const room = Math.floor((accountConcurrency ?? Number.POSITIVE_INFINITY) / runs) - 1;
  const chosen = publishConcurrency ?? Math.min(MAX_CONCURRENCY, room);
  if (publishConcurrency !== undefined)
    wholeNumber('publishConcurrency', publishConcurrency, 1, MAX_CONCURRENCY, 'events at once');
  if (chosen < 1 || chosen > room) {
    throw new Error(
      `accountConcurrency is ${accountConcurrency}: ${runs} runs at once with ${Math.max(1, chosen)} publishers each need ${runs * (Math.max(1, chosen) + 1)} executions: lower publishConcurrency or lanes, or ask AWS for a higher quota`,
    );
  }
  return chosen;
}

function reserved(
  { lanes = 1, reservedConcurrency }: ProcessorSettings,
  publishConcurrency: number,
): Pick<CheckedSettings, 'reservedConcurrency'> {
  if (reservedConcurrency === undefined) return {};
  const needed = lanes * publishConcurrency;
  if (!Number.isInteger(reservedConcurrency) || reservedConcurrency < needed) {
    throw new Error(
      `reservedConcurrency is ${reservedConcurrency}: ${lanes} lanes with ${publishConcurrency} publishers each need at least ${needed} executions`,
    );
  }
  return { reservedConcurrency };
}

/** Also what is no whole number: that is for the check to say. */
function inSeconds(duration: Duration): number {
  return duration.toSeconds({ integral: false });
}

function wholeNumber(name: string, value: number, min: number, max: number, unit: string): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new Error(`${name} is ${value}: expected ${min} to ${max} whole ${unit}`);
  }
  return value;
}
