import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type FailureKind, readFailure } from '../../../outbox/classify-failure.ts';
import { shared } from '../../support/shared.ts';
import {
  type Definition,
  machines,
  readDefinition,
  readText,
  retrierFor,
  stateOf,
  statesOf,
  stepsOf,
} from './definition.ts';

const root = new URL('../../../', import.meta.url);
const sources = ['outbox/', 'lambdas/'].flatMap((folder) =>
  readdirSync(new URL(folder, root))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(new URL(`${folder}${file}`, root), 'utf8')),
);
const errorClasses = sources
  .flatMap((source) => [
    ...source.matchAll(/class (\w+) extends Error \{(?:\s+override readonly name = '(\w+)';)?/g),
  ])
  .map(([, className = '', name]) => ({ className, name }));

/** The errors of each Task that a retry cannot resolve. */
const hopeless: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'outbox-processor': {
    'Fetch batch': ['BusMissing', 'ClocksDiffer', 'DatabaseRefused', 'States.DataLimitExceeded'],
    'Publish event': ['EventRejected', 'States.DataLimitExceeded'],
    'Mark processed': ['DatabaseRefused'],
    'Mark failed': ['DatabaseRefused'],
    'Release batch': ['DatabaseRefused'],
  },
  'outbox-redrive': {
    'Requeue events': ['InvalidRedriveRequest', 'DatabaseRefused'],
    'Verify redrive': ['EventsFailedAgain', 'DatabaseRefused'],
  },
  'outbox-replay': {
    'Replay events': [
      ...['InvalidReplayRequest', 'BusMissing', 'ClocksDiffer', 'DatabaseRefused', 'LiveEventsWaiting'],
      ...['OutboxPaused', 'States.DataLimitExceeded'],
    ],
    'Mark replayed': ['DatabaseRefused'],
  },
  'outbox-cleanup': { 'Purge events': ['DatabaseRefused'] },
};

/** The names in ErrorEquals and in expressions of a definition that are not from Step Functions or Lambda. */
function customNames(text: string): string[] {
  const matched = [...statesOf(JSON.parse(text) as Definition).values()]
    .flatMap(({ Retry = [], Catch = [] }) => [...Retry, ...Catch])
    .flatMap(({ ErrorEquals }) => ErrorEquals);
  const compared = [...text.matchAll(/\berror in \[([^\]]*)\]/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/'([^']*)'/g)].map(([, name = '']) => name),
  );
  return [...new Set([...matched, ...compared])]
    .filter((name) => !/^(States|Lambda|Sandbox)\./.test(name))
    .sort();
}

/** The names that no code throws. */
function unknownNames(text: string): string[] {
  return customNames(text).filter((name) => !errorClasses.some(({ className }) => className === name));
}

describe.each(machines)('the error names in %s', (machine) => {
  const definition = readDefinition(machine);

  test('the definition matches only errors that the code throws', () => {
    expect(customNames(readText(machine))).not.toEqual([]);
    expect(unknownNames(readText(machine))).toEqual([]);
  });

  test('the definition does not retry errors that a retry cannot resolve', () => {
    const unretried = stepsOf(definition).map(([name, { Retry = [] }]) => [
      name,
      Retry.filter(({ MaxAttempts }) => MaxAttempts === 0).flatMap(({ ErrorEquals }) => ErrorEquals),
    ]);

    expect(Object.fromEntries(unretried)).toEqual(hopeless[machine]);
  });
});

describe('outbox-processor', () => {
  test('the processor distinguishes errors without retry, outages, throttling and locked rows', () => {
    expect(customNames(readText('outbox-processor'))).toEqual([
      'BusMissing',
      'BusUnavailable',
      'ClocksDiffer',
      'DatabaseRefused',
      'EventRejected',
      'PublishThrottled',
      'RowsLocked',
    ]);
  });

  test('the processor counts the same errors as outages or throttling as the core does', () => {
    const { Assign = {} } = stateOf(readDefinition('outbox-processor'), 'Publish events');
    const namesIn = (variable: string) =>
      /error in \[([^\]]*)\]/
        .exec(String(Assign[variable]))?.[1]
        ?.split(', ')
        .map((name) => name.slice(1, -1))
        .sort();
    const ofLambda = [...readText('outbox-processor').matchAll(/'(Lambda\.\w+)'/g)].map(
      ([, name = '']) => name,
    );
    const known = [...errorClasses.map(({ className }) => className), ...new Set(ofLambda)];
    const ofKind = (...kinds: readonly FailureKind[]) =>
      known.filter((name) => kinds.includes(readFailure(name, '').kind)).sort();

    expect(ofKind('throttled')).not.toEqual([]);
    expect(namesIn('outage')).toEqual(ofKind('outage', 'throttled'));
    expect(namesIn('slowSeconds')).toEqual(ofKind('throttled'));
  });

  test.each([
    ['Publish event', 'PublishFailed'],
    ['Publish event', 'BusUnavailable'],
    ['Publish event', 'PublishThrottled'],
    ['Fetch batch', 'DatabaseUnavailable'],
    ['Mark processed', 'RowsLocked'],
    ['Mark failed', 'RowsLocked'],
    ['Release batch', 'RowsLocked'],
    ['Fetch batch', 'CallExpired'],
  ])('"%s" retries %s', (name, error) => {
    const state = stateOf(readDefinition('outbox-processor'), name);

    expect(retrierFor(state, error)?.MaxAttempts).toBeGreaterThan(0);
  });

  test.each([
    ['EventRefused', '"EventRejected"', '"EventRefused"'],
    ['BusGone', "'BusUnavailable', ", "'BusGone', "],
    ['BusBusy', "'PublishThrottled', ", "'BusBusy', "],
  ])('a match of %s, which no code throws, is detected', (name, found, replaced) => {
    expect(unknownNames(readText('outbox-processor').replaceAll(found, replaced))).toEqual([name]);
  });
});

describe('the name of an error class', () => {
  let bundles = '';

  beforeAll(async () => {
    const folder = await shared('bundles');
    bundles = readdirSync(folder)
      .map((name) => readFileSync(join(folder, name, 'index.mjs'), 'utf8'))
      .join('\n');
  }, 30_000);

  test.each(errorClasses)(
    'the name of $className is a literal, in the source and in the minified bundles',
    ({ className, name }) => {
      const field = new RegExp(`extends Error\\{(static\\{[^}]*\\})?name="${className}"`);

      expect(name).toBe(className);
      expect(field.test(bundles)).toBe(true);
    },
  );
});
