import { Duration } from 'aws-cdk-lib';

/** What a run may take, how failed events come back, and how long processed ones are kept. */
export interface ProcessorSettings {
  /**
   * Events in one batch, 1 to 200: 200 failures with their causes fill the 256 KiB that a state may hold.
   * @default 200
   */
  readonly batchSize?: number;
  /**
   * Events published at once, 1 to 40: an inline Map runs no more.
   * @default 40
   */
  readonly publishConcurrency?: number;
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
   * The wait of events that an outage of the bus gave back; no attempt is consumed.
   * @default 30 seconds
   */
  readonly outageDelay?: Duration;
  /**
   * How long processed events are kept, in whole days. Parked ones are kept for ever.
   * @default 7 days
   */
  readonly retention?: Duration;
  /**
   * How often the processor runs, in whole minutes: EventBridge Scheduler knows no seconds. With a minute,
   * Aurora never pauses; it pauses after at least 5 idle minutes.
   * @default 1 minute
   */
  readonly interval?: Duration;
}

/** Short enough for the longest name that begins with it, and right for a stack, a bus and a database role. */
export const nameRule = {
  pattern: /^[a-z][a-z0-9-]{0,30}$/,
  expected: 'expected 1 to 31 lower-case letters, digits and hyphens, a letter first',
} as const;

/** The settings as numbers, every one within its limits. */
export interface CheckedSettings {
  readonly batchSize: number;
  readonly publishConcurrency: number;
  readonly publishRetries: number;
  readonly maxAttempts: number;
  readonly leaseSeconds: number;
  readonly backoffBaseSeconds: number;
  readonly backoffMaxSeconds: number;
  readonly outageDelaySeconds: number;
  readonly retentionDays: number;
  readonly interval: Duration;
}

/** @throws Error that names the setting, the value received and what is allowed */
export function checkSettings(given: ProcessorSettings): CheckedSettings {
  const interval = given.interval ?? Duration.minutes(1);
  wholeNumber('interval', interval.toSeconds() / 60, 1, 1440, 'minutes');
  const backoffMaxSeconds = (given.backoffMax ?? Duration.minutes(15)).toSeconds();
  return {
    batchSize: wholeNumber('batchSize', given.batchSize ?? 200, 1, 200, 'events'),
    publishConcurrency: wholeNumber(
      'publishConcurrency',
      given.publishConcurrency ?? 40,
      1,
      40,
      'events at once',
    ),
    publishRetries: wholeNumber('publishRetries', given.publishRetries ?? 2, 0, 3, 'retries'),
    maxAttempts: wholeNumber('maxAttempts', given.maxAttempts ?? 8, 1, 1000, 'attempts'),
    leaseSeconds: wholeNumber(
      'lease',
      (given.lease ?? Duration.seconds(330)).toSeconds(),
      305,
      86_400,
      'seconds',
    ),
    backoffMaxSeconds: wholeNumber('backoffMax', backoffMaxSeconds, 1, 86_400, 'seconds'),
    backoffBaseSeconds: wholeNumber(
      'backoffBase',
      (given.backoffBase ?? Duration.seconds(10)).toSeconds(),
      1,
      backoffMaxSeconds,
      'seconds (backoffMax is the upper end)',
    ),
    outageDelaySeconds: wholeNumber(
      'outageDelay',
      (given.outageDelay ?? Duration.seconds(30)).toSeconds(),
      1,
      3600,
      'seconds',
    ),
    retentionDays: wholeNumber(
      'retention',
      (given.retention ?? Duration.days(7)).toSeconds() / 86_400,
      1,
      3650,
      'days',
    ),
    interval,
  };
}

function wholeNumber(name: string, value: number, min: number, max: number, unit: string): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new Error(`${name} is ${value}: expected ${min} to ${max} whole ${unit}`);
  }
  return value;
}
