/** A numeric setting: what it counts or measures, and its limits. */
export interface Setting {
  /** What is counted; `seconds`, `minutes` and `days` make it a duration. */
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** In the unit; in words when it depends on other settings, or when there is none. */
  readonly default: number | string;
  /** The first sentence appears in the table of docs/deploy.md, all of it in docs/api.md. */
  readonly meaning: string;
  readonly see?: string;
}

/**
 * Every numeric setting of an outbox, defined once. The props of the construct (processor-settings.ts), the context
 * keys, the checks and their messages, the environment of the functions and the tables of the docs follow from it:
 * after a change, run `npm run docs:generate`.
 */
export const settings = {
  interval: {
    unit: 'minutes',
    min: 1,
    max: 1440,
    default: 1,
    meaning:
      'How often the processor runs, in whole minutes, the smallest unit of EventBridge Scheduler. An Aurora cluster that may pause does so after at least 5 idle minutes, so never with a minute.',
  },
  lanes: {
    unit: 'runs',
    min: 1,
    max: 10,
    default: 1,
    meaning:
      "Runs started by every tick, each with batches of its own. Each needs up to `publishConcurrency` + 1 of the account's concurrent Lambda executions, and twice that while a lingering run overlaps the next one.",
  },
  linger: {
    unit: 'seconds',
    min: 1,
    max: 240,
    default: 'none: a run ends when nothing is due',
    meaning:
      'How long a run goes on checking for new events when nothing is due. At the length of the interval, an event waits for the next check instead of the next tick.',
  },
  pollInterval: {
    unit: 'seconds',
    min: 1,
    max: 60,
    default: 1,
    meaning: 'Time between two checks for new events by a run that lingers.',
  },
  batchSize: {
    unit: 'events',
    min: 1,
    max: 200,
    default: 'five times `publishConcurrency`, three times with `linger`, at most 200',
    meaning: 'Events in one batch. 200 failures with their causes fill the 256 KiB that a state may hold.',
  },
  inlinePayloadBytes: {
    unit: 'bytes',
    min: 0,
    max: 240_000,
    default: 240_000,
    meaning:
      'How much of the payloads of one batch travels through the state of a run, and so appears in its graph and its log. The smallest payloads come first, as JSON with its escapes; the publishers read the others from the table, up to `publishChunkSize` in one call. With 0 no payload ever enters the log of a run.',
  },
  publishChunkSize: {
    unit: 'events',
    min: 1,
    max: 10,
    default: 1,
    meaning:
      'Events in one Map iteration and one PutEvents request. With more than one, an iteration is no longer a single event: several times the throughput with a tenth of the invocations and requests, but a publisher that dies costs each of its events an attempt.',
  },
  publishConcurrency: {
    unit: 'events at once',
    min: 1,
    max: 40,
    default: '40, or what `accountConcurrency` leaves',
    meaning: 'Events published at once by one run: an inline Map runs at most 40 iterations.',
  },
  accountConcurrency: {
    unit: 'executions',
    min: 5,
    max: 1_000_000,
    default: 'as many as it needs',
    meaning:
      'Concurrent Lambda executions that the account has for the outbox: 10 fits a new account. `lanes` x (`publishConcurrency` + 1), twice that with `linger`, must fit.',
    see: 'https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html',
  },
  reservedConcurrency: {
    unit: 'executions',
    min: 1,
    max: 1_000_000,
    default: 'none reserved',
    meaning:
      "Concurrent executions that Lambda keeps for the publisher, and the most that it may use. At least `publishConcurrency` x `lanes`; Lambda leaves at least 100 of an account's executions unreserved.",
  },
  publishRetries: {
    unit: 'retries',
    min: 0,
    max: 3,
    default: 2,
    meaning: 'How often Step Functions retries an event within a run. All its retries end within 30 seconds.',
  },
  maxAttempts: {
    unit: 'attempts',
    min: 1,
    max: 1000,
    default: 8,
    meaning: 'Attempts after which an event fails for good. Each claim is one attempt.',
  },
  lease: {
    unit: 'seconds',
    min: 305,
    max: 86_400,
    default: 330,
    meaning:
      'How long a claim holds its events. It must outlast an Express execution, 300 seconds, and the last call of that execution.',
  },
  backoffBase: {
    unit: 'seconds',
    min: 1,
    max: 86_400,
    default: 10,
    meaning:
      "The wait before an event's second attempt. It doubles with every further attempt; jitter shortens it by up to a half.",
  },
  backoffMax: {
    unit: 'seconds',
    min: 1,
    max: 86_400,
    default: 900,
    meaning: 'The longest wait between two attempts.',
  },
  outageDelay: {
    unit: 'seconds',
    min: 1,
    max: 3600,
    default: 30,
    meaning:
      'How long events that were given back, because of an outage or throttling, wait before they are due again. They lose no attempt.',
  },
  outageLimit: {
    unit: 'seconds',
    min: 1,
    max: 2_592_000,
    default: 86_400,
    meaning:
      'How long an event may be given back because of outages before each further one costs an attempt: the event itself may be why the bus does not answer. Throttling never costs one.',
  },
  retention: {
    unit: 'days',
    min: 1,
    max: 3650,
    default: 7,
    meaning: 'How long processed events are kept. Failed ones are kept for ever.',
  },
  cleanupInterval: {
    unit: 'minutes',
    min: 5,
    max: 1440,
    default: '60, and 30 with more than 5 lanes',
    meaning:
      'How often processed events past their retention are deleted. A cleanup works for 4 minutes at most: with an hour between two of them it keeps up with 2,000 events a second.',
  },
  archiveRetention: {
    unit: 'days',
    min: 1,
    max: 36_500,
    default: 'no archive',
    meaning:
      'How long every event of the new bus can be replayed from an EventBridge archive. A replayed event has its old `eventId`, so consumers that de-duplicate ignore it. Contradicts `eventBus`.',
  },
  maximumEventAge: {
    unit: 'minutes',
    min: 1,
    max: 10_080,
    default: 'five intervals, at least 5 minutes',
    meaning: 'Age of the oldest unfinished event that raises an alarm.',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;

const DURATION_UNITS = ['seconds', 'minutes', 'days'] as const;

export type DurationUnit = (typeof DURATION_UNITS)[number];

/** The context key, which is the name everywhere: the setting, with the unit of a duration: `leaseSeconds`. */
export type NumberName<Name extends SettingName = SettingName> = Name extends SettingName
  ? (typeof settings)[Name]['unit'] extends DurationUnit
    ? `${Name}${Capitalize<(typeof settings)[Name]['unit']>}`
    : Name
  : never;

export const settingNames = Object.keys(settings) as readonly SettingName[];

export function durationUnit(name: SettingName): DurationUnit | undefined {
  return DURATION_UNITS.find((unit) => unit === settings[name].unit);
}

export function numberName<Name extends SettingName>(name: Name): NumberName<Name> {
  const unit = durationUnit(name) ?? '';
  return `${name}${unit.charAt(0).toUpperCase()}${unit.slice(1)}` as NumberName<Name>;
}

/** The problem with a value, or undefined. */
export function whyRefused(
  name: SettingName,
  value: unknown,
  max: number = settings[name].max,
): string | undefined {
  const { min, unit } = settings[name];
  const isAllowed = typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
  return isAllowed ? undefined : `expected ${min} to ${max} whole ${unit}`;
}
