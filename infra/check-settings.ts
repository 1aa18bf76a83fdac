import type { Duration } from 'aws-cdk-lib';
import type { ProcessorSettings } from './processor-settings.ts';
import {
  durationUnit,
  type NumberName,
  numberName,
  type SettingName,
  settingNames,
  settings,
  whyRefused,
} from './settings.ts';

/** Optional settings, which may have no value. */
type Optional = NumberName<'accountConcurrency' | 'reservedConcurrency' | 'archiveRetention'>;

/** The settings as whole numbers within their limits. `lingerSeconds` is 0 when runs do not linger. */
export type CheckedSettings = {
  readonly [Name in Exclude<NumberName, Optional>]: number;
} & { readonly [Name in Optional]?: number };

type Given = { readonly [Name in NumberName]?: number };

// Five lanes can publish what an hourly cleanup can delete: test/infra/contract/cleanup-capacity.test.ts.
const LANES_OF_HOURLY_CLEANUP = 5;

// In the worst case, five waves fit an execution; with a batch that may begin after a minute, only three do.
const WAVES = 5;
const LINGERING_WAVES = 3;

/** @throws Error that names the setting, the value received and what is allowed */
export function checkSettings(props: ProcessorSettings): CheckedSettings {
  const given = numbersOf(props);
  const { lingerSeconds = 0 } = given;
  const withDefaults = { ...defaults, lingerSeconds, ...given };
  const { intervalMinutes, lanes, backoffBaseSeconds, backoffMaxSeconds } = withDefaults;
  checkPolls(given, withDefaults.pollIntervalSeconds);
  refuse('backoffBase', backoffBaseSeconds, backoffMaxSeconds, ` (${named('backoffMax')} is the upper end)`);
  const publishConcurrency = checkConcurrency(given, lanes);
  const waves = lingerSeconds === 0 ? WAVES : LINGERING_WAVES;
  return {
    batchSize: Math.min(settings.batchSize.max, waves * publishConcurrency),
    cleanupIntervalMinutes: lanes > LANES_OF_HOURLY_CLEANUP ? 30 : 60,
    maximumEventAgeMinutes: 5 * intervalMinutes,
    ...withDefaults,
    publishConcurrency,
  };
}

type Defaulted = {
  [Name in SettingName]: (typeof settings)[Name]['default'] extends number ? Name : never;
}[SettingName];

const defaults = Object.fromEntries(
  settingNames.flatMap((name) => {
    const { default: value } = settings[name];
    return typeof value === 'number' ? [[numberName(name), value]] : [];
  }),
) as { readonly [Name in NumberName<Defaulted>]: number };

/** The name of a setting in messages: the prop, and the context key where it differs. */
export function named(name: SettingName): string {
  return durationUnit(name) === undefined ? name : `${name} (outbox:${numberName(name)})`;
}

function numbersOf(props: ProcessorSettings): Given {
  return Object.fromEntries(
    settingNames.flatMap((name) => {
      const value = props[name];
      if (value === undefined) return [];
      const number = typeof value === 'number' ? value : inUnit(value, durationUnit(name));
      refuse(name, number);
      return [[numberName(name), number]];
    }),
  );
}

const SECONDS = { seconds: 1, minutes: 60, days: 86_400 } as const;

/** Also returns values that are not whole numbers: the check reports them. */
function inUnit(duration: Duration, unit: keyof typeof SECONDS = 'seconds'): number {
  return duration.toSeconds({ integral: false }) / SECONDS[unit];
}

function refuse(name: SettingName, value: number, max?: number, note = ''): void {
  const reason = whyRefused(name, value, max);
  if (reason !== undefined) throw new Error(`${named(name)} is ${value}: ${reason}${note}`);
}

function checkPolls({ lingerSeconds, pollIntervalSeconds }: Given, seconds: number): void {
  if (lingerSeconds === undefined) {
    if (pollIntervalSeconds === undefined) return;
    throw new Error(`${named('pollInterval')} is given without linger: only a run that lingers checks again`);
  }
  if (seconds >= lingerSeconds) {
    throw new Error(
      `${named('linger')} is ${lingerSeconds} seconds and pollInterval is not shorter: the run would end before its first check`,
    );
  }
}

/** Events published at once by one run, so that all runs together fit the account. */
function checkConcurrency(given: Given, lanes: number): number {
  const { accountConcurrency = Number.POSITIVE_INFINITY, reservedConcurrency } = given;
  // A lingering run overlaps the next one, and a run has one other function besides its publishers.
  const runs = lanes * (given.lingerSeconds === undefined ? 1 : 2);
  const room = Math.floor(accountConcurrency / runs) - 1;
  const chosen = given.publishConcurrency ?? Math.min(settings.publishConcurrency.max, room);
  if (chosen < 1 || chosen > room) {
    const publishers = Math.max(1, chosen);
    throw new Error(
      `accountConcurrency is ${accountConcurrency}: ${runs} runs at once with ${publishers} publishers each need ${runs * (publishers + 1)} executions: lower publishConcurrency or lanes, or ask AWS for a higher quota`,
    );
  }
  const needed = lanes * chosen;
  if (reservedConcurrency !== undefined && reservedConcurrency < needed) {
    throw new Error(
      `reservedConcurrency is ${reservedConcurrency}: ${lanes} lanes with ${chosen} publishers each need at least ${needed} executions`,
    );
  }
  return chosen;
}
