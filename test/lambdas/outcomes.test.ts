import { ExecuteStatementCommand, type Field, RDSDataClient } from '@aws-sdk/client-rds-data';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { parametersOf } from '../support/data-api-parameters.ts';
import {
  backoffEnvironment,
  coldStart,
  databaseEnvironment,
  invoke,
  logsIn,
  metricsIn,
} from '../support/handler.ts';
import { serviceError } from '../support/service-error.ts';

const rdsData = mockClient(RDSDataClient);
const environment = { ...databaseEnvironment, ...backoffEnvironment };
const leaseToken = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const runId = 'arn:execution';
const settings = { maxAttempts: 8, backoffBaseSeconds: 10, backoffMaxSeconds: 900 };

interface Answer {
  readonly locked?: readonly string[];
  readonly delayMs?: number;
}

/** Answers with: changed rows, those that failed for good, outcomes without a row, locked rows, the longest delay. */
function recorded(
  changed: number,
  failedForGood: number,
  lost: readonly string[],
  { locked = [], delayMs }: Answer = {},
): void {
  const delay = delayMs === undefined ? { isNull: true } : { doubleValue: delayMs };
  const lists = [lost, locked].map((ids) => ({ stringValue: JSON.stringify(ids) }));
  const row = [{ longValue: changed }, { longValue: failedForGood }, ...lists, delay];
  rdsData.on(ExecuteStatementCommand).resolves({ records: [row as Field[]] });
}

/** The parameters of the only statement that was sent, with its JSON parameter parsed. */
function sentParameters(): Record<string, unknown> {
  const calls = rdsData.commandCalls(ExecuteStatementCommand);
  expect(calls).toHaveLength(1);
  const sent = calls[0]?.args[0].input;
  const named = new Set([...(sent?.sql ?? '').matchAll(/:(\w+)/g)].map(([, name]) => name));
  const parameters = parametersOf(sent);
  expect(new Set(Object.keys(parameters))).toEqual(named);
  const { outcomes } = parameters;
  return typeof outcomes === 'string'
    ? { ...parameters, outcomes: JSON.parse(outcomes) as unknown }
    : parameters;
}

beforeEach(() => {
  rdsData.reset();
});

describe('mark-processed', () => {
  const input = { outcomes: [{ eventId: 'e-1', eventBridgeId: 'eb-1' }], runId };

  test('mark-processed records the outcomes in one statement, whoever holds the lease', async () => {
    recorded(1, 0, [], { delayMs: 1500.5 });

    const invocation = await invoke(await coldStart('mark-processed', databaseEnvironment), input);

    expect(sentParameters()).toEqual({ outcomes: input.outcomes });
    expect(invocation.result).toEqual({ recorded: 1, failedForGood: 0, lost: [], maxDelayMs: 1500.5 });
    expect(metricsIn(invocation)).toEqual({
      'Outbox/EventsPublished': 1,
      'Outbox/PublishDelay': 1500.5,
      'Outbox/LeasesLost': 0,
    });
    expect(logsIn(invocation)).toEqual([]);
  });

  test('mark-processed counts and logs an outcome without a row', async () => {
    recorded(0, 0, ['e-1']);

    const invocation = await invoke(await coldStart('mark-processed', databaseEnvironment), input);

    expect(metricsIn(invocation)).toEqual({ 'Outbox/EventsPublished': 1, 'Outbox/LeasesLost': 1 });
    expect(logsIn(invocation)).toMatchObject([{ level: 'WARN', lost: ['e-1'], executionId: runId }]);
  });
});

describe('mark-failed', () => {
  const input = {
    leaseToken,
    outcomes: [
      { eventId: 'e-1', error: 'EventRejected', cause: '{"errorMessage":"MalformedDetail: no object"}' },
      { eventId: 'e-2', error: 'Sandbox.Timedout', cause: '' },
      { eventId: 'e-3', error: 'BusUnavailable', cause: '{"errorMessage":"TimeoutError: no answer in 13' },
      {
        eventId: 'e-4',
        error: 'PublishThrottled',
        cause: '{"errorMessage":"ThrottlingException: slow down"}',
      },
    ],
    accepted: 0,
    runId,
  };

  test('mark-failed records each failure with its kind and the backoff of the stack', async () => {
    recorded(3, 1, []);

    const invocation = await invoke(await coldStart('mark-failed', environment), input);

    expect(sentParameters()).toEqual({
      leaseToken,
      outcomes: [
        { eventId: 'e-1', kind: 'permanent', errorType: 'MalformedDetail', message: 'no object' },
        { eventId: 'e-2', kind: 'transient', errorType: 'Sandbox.Timedout', message: 'no cause was given' },
        { eventId: 'e-3', kind: 'outage', errorType: 'TimeoutError', message: 'no answer in 13' },
        { eventId: 'e-4', kind: 'throttled', errorType: 'ThrottlingException', message: 'slow down' },
      ],
      ...settings,
      outageDelaySeconds: 30,
      outageLimitSeconds: 86_400,
    });
    expect(invocation.result).toEqual({ recorded: 3, failedForGood: 1, lost: [] });
  });

  test('mark-failed records no outage when the bus accepted other events of the batch', async () => {
    recorded(3, 1, []);

    const invocation = await invoke(await coldStart('mark-failed', environment), { ...input, accepted: 1 });

    const { outcomes } = sentParameters() as { outcomes: { kind: string }[] };
    expect(outcomes.map(({ kind }) => kind)).toEqual(['permanent', 'transient', 'transient', 'throttled']);
    expect(logsIn(invocation)[2]).toMatchObject({ eventId: 'e-3', kind: 'transient' });
  });

  test('mark-failed logs every failure and counts failed attempts, failed events and lost leases', async () => {
    recorded(3, 1, ['e-2']);

    const invocation = await invoke(await coldStart('mark-failed', environment), input);

    expect(metricsIn(invocation)).toEqual({
      'Outbox/AttemptsFailed': 4,
      'Outbox/EventsFailed': 1,
      'Outbox/LeasesLost': 1,
    });
    expect(logsIn(invocation)).toMatchObject([
      { level: 'ERROR', eventId: 'e-1', errorType: 'MalformedDetail', reason: 'no object' },
      { level: 'ERROR', eventId: 'e-2', errorType: 'Sandbox.Timedout' },
      { level: 'ERROR', eventId: 'e-3', errorType: 'TimeoutError', kind: 'outage' },
      { level: 'ERROR', eventId: 'e-4', errorType: 'ThrottlingException', kind: 'throttled' },
      { level: 'WARN', lost: ['e-2'] },
    ]);
  });
});

describe('release-batch', () => {
  const input = { leaseToken, error: 'States.DataLimitExceeded', cause: 'the output is too large', runId };

  test('release-batch gives back the events of the token and stores the reason', async () => {
    recorded(5, 2, []);

    const invocation = await invoke(await coldStart('release-batch', environment), input);

    expect(sentParameters()).toEqual({
      leaseToken,
      errorType: 'States.DataLimitExceeded',
      message: 'the output is too large',
      ...settings,
    });
    expect(invocation.result).toEqual({ recorded: 5, failedForGood: 2, lost: [] });
    expect(metricsIn(invocation)).toEqual({ 'Outbox/EventsFailed': 2 });
    expect(logsIn(invocation)).toMatchObject([
      {
        level: 'ERROR',
        errorType: 'States.DataLimitExceeded',
        reason: 'the output is too large',
        recorded: 5,
        failedForGood: 2,
        executionId: runId,
      },
    ]);
  });
});

describe('outcomes while another session has locked a row', () => {
  const four = ['e-1', 'e-2', 'e-3', 'e-4'];
  const published = four.map((eventId) => ({ eventId, eventBridgeId: `eb-${eventId}` }));
  const failures = four.map((eventId) => ({ eventId, error: 'EventRejected', cause: '' }));

  test.each<[string, object, Record<string, number>]>([
    [
      'mark-processed',
      { outcomes: published, runId },
      { EventsPublished: 3, PublishDelay: 20, LeasesLost: 0 },
    ],
    [
      'mark-failed',
      { leaseToken, outcomes: failures, runId },
      { AttemptsFailed: 3, EventsFailed: 2, LeasesLost: 0 },
    ],
    ['release-batch', { leaseToken, error: 'E', cause: '', runId }, { EventsFailed: 2 }],
  ])(
    'with locked rows, %s counts what it recorded and throws RowsLocked for the others',
    async (name, input, counted) => {
      recorded(3, 2, ['e-9'], { locked: ['e-2'], delayMs: 20 });

      const invocation = await invoke(await coldStart(name, environment), input);

      expect(invocation.error).toMatchObject({
        name: 'RowsLocked',
        message:
          'another session has locked 1 of 4 rows (e-2): "Runs failed" in docs/operations.md tells how to find it',
      });
      expect(metricsIn(invocation)).toEqual(
        Object.fromEntries(Object.entries(counted).map(([metric, value]) => [`Outbox/${metric}`, value])),
      );
    },
  );

  test.each<[string, object, string]>([
    ['mark-processed', { outcomes: published, runId }, 'EventsPublished'],
    ['mark-failed', { leaseToken, outcomes: failures, runId }, 'AttemptsFailed'],
  ])(
    'a repeated %s counts only the remaining outcomes and those that were lost',
    async (name, input, metric) => {
      recorded(1, 0, ['e-4']);

      const invocation = await invoke(await coldStart(name, environment), input);

      expect(invocation.result).toMatchObject({ recorded: 1, lost: ['e-4'] });
      expect(metricsIn(invocation)).toMatchObject({ [`Outbox/${metric}`]: 2, 'Outbox/LeasesLost': 1 });
    },
  );

  test('the message of RowsLocked contains at most three of the rows', async () => {
    recorded(0, 0, [], { locked: four });

    const { error } = await invoke(await coldStart('mark-processed', environment), {
      outcomes: published,
      runId,
    });

    expect(error).toMatchObject({ message: expect.stringContaining('has locked 4 of 4 rows') });
    expect(error).toMatchObject({ message: expect.stringContaining('(e-1, e-2, e-3, ...)') });
  });
});

describe.each([
  ['mark-processed', { outcomes: [], runId }],
  ['mark-failed', { leaseToken, outcomes: [], accepted: 0, runId }],
  ['release-batch', { leaseToken, error: 'E', cause: '', runId }],
])('a database error in %s', (name, input) => {
  test.each([
    ['DatabaseUnavailableException', 504, 'DatabaseUnavailable'],
    ['SecretsErrorException', 400, 'DatabaseUnavailable'],
    ['AccessDeniedException', 403, 'DatabaseRefused'],
  ])(
    'the error %s is thrown under the name that the state machine matches, and nothing is counted',
    async (thrown, status, error) => {
      rdsData.on(ExecuteStatementCommand).rejects(serviceError(thrown, status));

      const invocation = await invoke(await coldStart(name, environment), input);

      expect(invocation.error).toMatchObject({ name: error });
      expect(metricsIn(invocation)).toEqual({});
      expect(logsIn(invocation)).toMatchObject([{ message: 'step failed', error: { name: error } }]);
    },
  );
});
