import { describe, expect, test } from '@jest/globals';
import { fetchEnvironment } from '../support/fetch-batch.ts';
import { backoffEnvironment, coldStart, databaseEnvironment, type Environment } from '../support/handler.ts';

const environments: Readonly<Record<string, Environment>> = {
  'fetch-batch': fetchEnvironment,
  'publish-event': {
    ...databaseEnvironment,
    EVENT_BUS_NAME: 'bellyfed-events',
    EVENT_SOURCE: 'bellyfed.outbox',
    PUBLISH_TIMEOUT_MS: '2500',
  },
  'mark-processed': databaseEnvironment,
  'mark-failed': { ...databaseEnvironment, ...backoffEnvironment },
  'release-batch': { ...databaseEnvironment, ...backoffEnvironment },
  'requeue-events': { ...databaseEnvironment, REDRIVE_BATCH: '1000' },
  'verify-redrive': databaseEnvironment,
  'replay-events': {
    ...databaseEnvironment,
    EVENT_BUS_NAME: 'bellyfed-events',
    EVENT_SOURCE: 'bellyfed.outbox',
    PUBLISH_TIMEOUT_MS: '1300',
    BUS_CHECK_TIMEOUT_MS: '1000',
    REPLAY_WORK_MS: '20000',
  },
  'mark-replayed': databaseEnvironment,
  'purge-events': {
    ...databaseEnvironment,
    RETENTION_DAYS: '7',
    PURGE_WORK_MS: '20000',
  },
};
const variables = Object.entries(environments).flatMap(([name, environment]) =>
  Object.keys(environment).map((variable) => [name, variable] as const),
);

describe('a cold start', () => {
  test.each(Object.keys(environments))(
    'a cold start of %s succeeds with the environment that the stack sets',
    async (name) => {
      expect(await coldStart(name, environments[name] ?? {})).toBeInstanceOf(Function);
    },
  );

  test.each(variables)('a cold start of %s fails without %s and says what to do', async (name, variable) => {
    const environment = { ...environments[name], [variable]: undefined };

    await expect(coldStart(name, environment)).rejects.toThrow(
      `environment variable ${variable} is missing: set it on the function`,
    );
  });

  test('a cold start fails when a variable is empty', async () => {
    await expect(coldStart('mark-processed', { ...databaseEnvironment, DATABASE_NAME: '' })).rejects.toThrow(
      'environment variable DATABASE_NAME is empty: set it on the function',
    );
  });

  test.each(['0', '-1', '1.5', '1e3', '007', '8s', ' 8', '1000000000', 'NaN'])(
    'a cold start fails when a number is "%s"',
    async (value) => {
      const environment = { ...environments['mark-failed'], MAX_ATTEMPTS: value };

      await expect(coldStart('mark-failed', environment)).rejects.toThrow(
        `environment variable MAX_ATTEMPTS is "${value}": expected a whole number from 1 to 999999999`,
      );
    },
  );
});
