import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { bundleHandlers } from '../../../build/bundle-handlers.ts';
import { type FailureKind, readFailure } from '../../../outbox/classify.ts';
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

/** The errors of each Task that no retry can cure. */
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
  'outbox-cleanup': { 'Purge events': ['DatabaseRefused'] },
};

/** The names in a definition that Step Functions and Lambda do not know: in ErrorEquals and in expressions. */
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

/** The names that nobody throws. */
function unknownNames(text: string): string[] {
  return customNames(text).filter((name) => !errorClasses.some(({ className }) => className === name));
}

describe.each(machines)('%s', (machine) => {
  const definition = readDefinition(machine);

  test('matches only errors that somebody throws', () => {
    expect(customNames(readText(machine))).not.toEqual([]);
    expect(unknownNames(readText(machine))).toEqual([]);
  });

  test('retries no error that no retry can cure', () => {
    const unretried = stepsOf(definition).map(([name, { Retry = [] }]) => [
      name,
      Retry.filter(({ MaxAttempts }) => MaxAttempts === 0).flatMap(({ ErrorEquals }) => ErrorEquals),
    ]);

    expect(Object.fromEntries(unretried)).toEqual(hopeless[machine]);
  });
});

describe('outbox-processor', () => {
  test('tells apart what no retry can cure, an outage, throttling and rows that are locked', () => {
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

  test('takes for an outage or for throttling what the core takes for it', () => {
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
  ])('is found out when it asks for %s, which nobody throws', (name, found, replaced) => {
    expect(unknownNames(readText('outbox-processor').replaceAll(found, replaced))).toEqual([name]);
  });
});

describe('the name of an error class', () => {
  let bundles = '';

  beforeAll(async () => {
    const { names } = await bundleHandlers();
    bundles = names
      .map((name) => readFileSync(new URL(`dist/lambdas/${name}/index.mjs`, root), 'utf8'))
      .join('\n');
  }, 30_000);

  test.each(errorClasses)(
    '$className is a literal, in the source and in the minified bundles',
    ({ className, name }) => {
      const field = new RegExp(`extends Error\\{(static\\{[^}]*\\})?name="${className}"`);

      expect(name).toBe(className);
      expect(field.test(bundles)).toBe(true);
    },
  );
});
