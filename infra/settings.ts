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
      'How often the processor runs; EventBridge Scheduler knows no seconds. With a minute, Aurora never pauses: it pauses after at least 5 idle minutes.',
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
      'How long a run stays and looks for new events. With the length of the interval, an event waits for the next look and no longer for the next tick.',
  },
  pollInterval: {
    unit: 'seconds',
    min: 1,
    max: 60,
    default: 1,
    meaning: 'Time between two looks of a run that lingers.',
  },
  batchSize: {
    unit: 'events',
    min: 1,
    max: 200,
    default: 'five times `publishConcurrency`, three times with `linger`, at most 200',
    meaning: 'Events in one batch. 200 failures with their causes fill the 256 KiB that a state may hold.',
  },
  publishChunkSize: {
    unit: 'events',
    min: 1,
    max: 10,
    default: 1,
    meaning:
      'Events in one Map iteration and one PutEvents request. With more than one, an iteration is a request instead of an event: several times the throughput with a tenth of the invocations and requests, and a publisher that dies takes the first attempt of all its events.',
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
      "Concurrent executions that Lambda keeps for the publisher, which are also its most. At least `publishConcurrency` x `lanes`; Lambda leaves at least 100 of an account's executions unreserved.",
  },
  publishRetries: {
    unit: 'retries',
    min: 0,
    max: 3,
    default: 2,
    meaning:
      'How often Step Functions retries one event within a run. All tries of one event end within 30 seconds.',
  },
  maxAttempts: {
    unit: 'attempts',
    min: 1,
    max: 1000,
    default: 8,
    meaning: 'Attempts, one per claim, after which an event fails for good.',
  },
  lease: {
    unit: 'seconds',
    min: 305,
    max: 86_400,
    default: 330,
    meaning:
      'How long a claim holds its events. Longer than the 300 seconds of an Express execution and its last call.',
  },
  backoffBase: {
    unit: 'seconds',
    min: 1,
    max: 86_400,
    default: 10,
    meaning:
      "The wait before an event's second attempt. It doubles with every further one, and is jittered down to its half.",
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
    meaning: 'The wait of events that an outage or throttling gave back. No attempt is consumed.',
  },
  outageLimit: {
    unit: 'seconds',
    min: 1,
    max: 2_592_000,
    default: 86_400,
    meaning:
      'How long outages give an event back. After that each one costs it an attempt, because it may be the event that the bus never answers. Throttling never costs one.',
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
