import { ExecuteStatementCommand } from '@aws-sdk/client-rds-data';
import { describe, expect, test } from '@jest/globals';
import { parametersOf } from '../support/data-api-parameters.ts';
import {
  countsRow,
  eventRow,
  fetchEnvironment,
  fetchInput,
  none,
  useFetchBatchMocks,
} from '../support/fetch-batch.ts';
import { coldStart, databaseEnvironment, invoke, logsIn, metricsIn } from '../support/handler.ts';
import { serviceError } from '../support/service-error.ts';

const { rdsData } = useFetchBatchMocks();

describe('fetch-batch', () => {
  test('fetch-batch claims with the token of its input and the limits of the stack', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0)] });

    await invoke(await coldStart('fetch-batch', fetchEnvironment), fetchInput);

    const sent = rdsData.commandCalls(ExecuteStatementCommand)[0]?.args[0].input;
    expect(sent).toMatchObject({
      resourceArn: databaseEnvironment.CLUSTER_ARN,
      secretArn: databaseEnvironment.SECRET_ARN,
      database: 'outbox',
    });
    expect(parametersOf(sent)).toEqual({
      ...fetchInput,
      sentAt: expect.any(Number),
      expiresAt: expect.any(Number),
      maxEvents: 200,
      maxStateBytes: 240_000,
      maxInlineBytes: 240_000,
      leaseSeconds: 330,
      maxAttempts: 8,
      maxPerKey: 10,
      skipFailed: false,
      measure: false,
    });
  });

  test('fetch-batch binds every parameter of its statement', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0)] });

    await invoke(await coldStart('fetch-batch', fetchEnvironment), fetchInput);

    const sent = rdsData.commandCalls(ExecuteStatementCommand)[0]?.args[0].input;
    const named = [...(sent?.sql ?? '').matchAll(/:(\w+)/g)].map(([, name]) => name);
    expect(Object.keys(parametersOf(sent)).sort()).toEqual(named.sort());
  });

  test('fetch-batch returns the events in the format of the state', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({
      records: [
        eventRow('e-1', { stringValue: '{"stars": 5}' }, { stringValue: 'Root=1' }),
        eventRow('e-2', none, none),
        countsRow(true, 0, 0),
      ],
    });

    const { result } = await invoke(await coldStart('fetch-batch', fetchEnvironment), fetchInput);

    const common = { eventType: 'DishRated', createdAt: '2026-11-23T12:00:00.123Z', attempts: 2 };
    expect(result).toEqual({
      events: [
        { eventId: 'e-1', ...common, detail: '{"stars": 5}', traceHeader: 'Root=1' },
        { eventId: 'e-2', ...common, byReference: { bytes: 70_000, version: 812 } },
      ],
      more: true,
      failedForGood: 0,
      reclaimed: 0,
      paused: false,
    });
  });

  test('fetch-batch counts claimed, reclaimed and failed events, and logs the last two with the execution', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({
      records: [eventRow('e-1', { stringValue: '{}' }, none), countsRow(false, 3, 1)],
    });

    const invocation = await invoke(await coldStart('fetch-batch', fetchEnvironment), fetchInput);

    expect(metricsIn(invocation)).toEqual({
      'Outbox/EventsClaimed': 1,
      'Outbox/EventsReclaimed': 1,
      'Outbox/EventsFailed': 3,
    });
    expect(logsIn(invocation)).toMatchObject([
      { level: 'ERROR', failedForGood: 3, executionId: 'arn:execution' },
      { level: 'WARN', reclaimed: 1, executionId: 'arn:execution' },
    ]);
  });

  test('the first fetch of a run measures the backlog, and its result does not contain the gauges', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0, [12, 3, 0.5])] });

    const invocation = await invoke(await coldStart('fetch-batch', fetchEnvironment), {
      ...fetchInput,
      firstOfRun: true,
    });

    expect(metricsIn(invocation)).toMatchObject({
      'Outbox/DueEvents': 12,
      'Outbox/FailedEvents': 3,
      'Outbox/OldestEventAge': 0.5,
    });
    expect(invocation.result).toEqual({
      events: [],
      more: false,
      failedForGood: 0,
      reclaimed: 0,
      paused: false,
    });
  });

  test('fetch-batch logs nothing when nothing is due', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0)] });

    const invocation = await invoke(await coldStart('fetch-batch', fetchEnvironment), fetchInput);

    expect(invocation.result).toEqual({
      events: [],
      more: false,
      failedForGood: 0,
      reclaimed: 0,
      paused: false,
    });
    expect(logsIn(invocation)).toEqual([]);
  });

  test.each([
    ['DatabaseResumingException', 'DatabaseUnavailable'],
    ['AccessDeniedException', 'DatabaseRefused'],
  ])('fetch-batch turns %s into %s, the name that the state machine matches', async (thrown, name) => {
    rdsData.on(ExecuteStatementCommand).rejects(serviceError(thrown, 400));

    const invocation = await invoke(await coldStart('fetch-batch', fetchEnvironment), fetchInput);

    expect(invocation.error).toMatchObject({ name, message: `${thrown}: why` });
    expect(logsIn(invocation)).toMatchObject([
      {
        level: 'ERROR',
        message: 'step failed',
        executionId: 'arn:execution',
        error: { name, cause: { name: thrown } },
      },
    ]);
    expect(metricsIn(invocation)).toEqual({});
  });
});
