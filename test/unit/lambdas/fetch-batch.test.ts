import { ExecuteStatementCommand, type Field, RDSDataClient } from '@aws-sdk/client-rds-data';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { parametersOf } from '../../support/data-api-parameters.ts';
import { coldStart, databaseEnvironment, invoke, logsIn, metricsIn } from '../../support/handler.ts';
import { serviceError } from '../../support/service-error.ts';

const rdsData = mockClient(RDSDataClient);
const environment = {
  ...databaseEnvironment,
  BATCH_MAX_EVENTS: '200',
  BATCH_MAX_STATE_BYTES: '240000',
  INLINE_MAX_BYTES: '60000',
  LEASE_SECONDS: '330',
  MAX_ATTEMPTS: '8',
};
const input = {
  leaseToken: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
  runId: 'arn:execution',
  expiresAt: 1_795_000_000_000,
};
const none: Field = { isNull: true };

const eventRow = (id: string, detail: Field, traceHeader: Field): Field[] => [
  { stringValue: id },
  { stringValue: 'DishRated' },
  detail,
  traceHeader,
  { longValue: Date.parse('2026-11-23T12:00:00.123Z') },
  { longValue: 2 },
  ...Array.from({ length: 6 }, () => none),
];
const countsRow = (more: boolean, parked: number, reclaimed: number, gauges: number[] = []): Field[] => [
  ...Array.from({ length: 6 }, () => none),
  { booleanValue: more },
  { longValue: parked },
  { longValue: reclaimed },
  { booleanValue: false },
  ...[0, 1, 2].map((gauge) => (gauges[gauge] === undefined ? none : { doubleValue: gauges[gauge] })),
];

beforeEach(() => {
  rdsData.reset();
});

describe('fetch-batch', () => {
  test('lets no claim begin after its own call has given up, however long its run waits', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0)] });
    const before = Date.now();

    await invoke(await coldStart('fetch-batch', environment), { ...input, expiresAt: before + 60_000 });

    const { expiresAt } = parametersOf(rdsData.commandCalls(ExecuteStatementCommand)[0]?.args[0].input);
    const timeoutMs = Number(databaseEnvironment.DATABASE_TIMEOUT_MS);
    expect(expiresAt).toBeGreaterThanOrEqual(before + timeoutMs);
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + timeoutMs);
  });

  test('claims under the token and the limits of the stack', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0)] });

    await invoke(await coldStart('fetch-batch', environment), input);

    const sent = rdsData.commandCalls(ExecuteStatementCommand)[0]?.args[0].input;
    expect(sent).toMatchObject({
      resourceArn: databaseEnvironment.CLUSTER_ARN,
      secretArn: databaseEnvironment.SECRET_ARN,
      database: 'outbox',
    });
    expect(parametersOf(sent)).toEqual({
      ...input,
      maxEvents: 200,
      maxStateBytes: 240_000,
      maxInlineBytes: 60_000,
      leaseSeconds: 330,
      maxAttempts: 8,
      measure: false,
    });
  });

  test('binds every parameter that its statement names', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0)] });

    await invoke(await coldStart('fetch-batch', environment), input);

    const sent = rdsData.commandCalls(ExecuteStatementCommand)[0]?.args[0].input;
    const named = [...(sent?.sql ?? '').matchAll(/:(\w+)/g)].map(([, name]) => name);
    expect(Object.keys(parametersOf(sent)).sort()).toEqual(named.sort());
  });

  test('answers with the events as they travel through the state', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({
      records: [
        eventRow('e-1', { stringValue: '{"stars": 5}' }, { stringValue: 'Root=1' }),
        eventRow('e-2', none, none),
        countsRow(true, 0, 0),
      ],
    });

    const { result } = await invoke(await coldStart('fetch-batch', environment), input);

    const common = { eventType: 'DishRated', createdAt: '2026-11-23T12:00:00.123Z', attempts: 2 };
    expect(result).toEqual({
      events: [
        { eventId: 'e-1', ...common, detail: '{"stars": 5}', traceHeader: 'Root=1' },
        { eventId: 'e-2', ...common },
      ],
      more: true,
      parked: 0,
      reclaimed: 0,
      paused: false,
    });
  });

  test('counts what it claimed, took over and parked, and logs the last two with the execution', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({
      records: [eventRow('e-1', { stringValue: '{}' }, none), countsRow(false, 3, 1)],
    });

    const invocation = await invoke(await coldStart('fetch-batch', environment), input);

    expect(metricsIn(invocation)).toEqual({
      'Outbox/EventsClaimed': 1,
      'Outbox/EventsReclaimed': 1,
      'Outbox/EventsParked': 3,
    });
    expect(logsIn(invocation)).toMatchObject([
      { level: 'ERROR', parked: 3, executionId: 'arn:execution' },
      { level: 'WARN', reclaimed: 1, executionId: 'arn:execution' },
    ]);
  });

  test('looks how the outbox stands when it is asked to, and keeps that out of the state', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0, [12, 3, 0.5])] });

    const invocation = await invoke(await coldStart('fetch-batch', environment), { ...input, measure: true });

    expect(metricsIn(invocation)).toMatchObject({
      'Outbox/DueEvents': 12,
      'Outbox/ParkedEvents': 3,
      'Outbox/OldestEventAge': 0.5,
    });
    expect(invocation.result).toEqual({ events: [], more: false, parked: 0, reclaimed: 0, paused: false });
  });

  test('finds nothing due and prints its metrics only', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0)] });

    const invocation = await invoke(await coldStart('fetch-batch', environment), input);

    expect(invocation.result).toEqual({ events: [], more: false, parked: 0, reclaimed: 0, paused: false });
    expect(logsIn(invocation)).toEqual([]);
  });

  test.each([
    ['DatabaseResumingException', 'DatabaseUnavailable'],
    ['AccessDeniedException', 'DatabaseRefused'],
  ])('%s becomes %s, the name that the state machine matches', async (thrown, name) => {
    rdsData.on(ExecuteStatementCommand).rejects(serviceError(thrown, 400));

    const invocation = await invoke(await coldStart('fetch-batch', environment), input);

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
