import { DescribeEventBusCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { ExecuteStatementCommand, type Field, RDSDataClient } from '@aws-sdk/client-rds-data';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { parametersOf } from '../support/data-api-parameters.ts';
import { coldStart, databaseEnvironment, invoke, logsIn, metricsIn } from '../support/handler.ts';
import { networkError, serviceError } from '../support/service-error.ts';

const rdsData = mockClient(RDSDataClient);
const eventBridge = mockClient(EventBridgeClient);
const environment = {
  ...databaseEnvironment,
  EVENT_BUS_NAME: 'bellyfed-events',
  BUS_CHECK_TIMEOUT_MS: '1000',
  BATCH_SIZE: '200',
  BATCH_MAX_STATE_BYTES: '240000',
  INLINE_MAX_BYTES: '60000',
  LEASE_SECONDS: '330',
  MAX_ATTEMPTS: '8',
};
const input = { leaseToken: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff', runId: 'arn:execution' };
const none: Field = { isNull: true };

const eventRow = (id: string, detail: Field, traceHeader: Field): Field[] => [
  { stringValue: id },
  { stringValue: 'DishRated' },
  detail,
  traceHeader,
  { longValue: Date.parse('2026-11-23T12:00:00.123Z') },
  { longValue: 2 },
  { booleanValue: false },
  ...Array.from({ length: 7 }, () => none),
];
const countsRow = (
  more: boolean,
  failedForGood: number,
  reclaimed: number,
  gauges: number[] = [],
): Field[] => [
  ...Array.from({ length: 7 }, () => none),
  { booleanValue: more },
  { longValue: failedForGood },
  { longValue: reclaimed },
  { booleanValue: false },
  ...[0, 1, 2].map((gauge) => (gauges[gauge] === undefined ? none : { doubleValue: gauges[gauge] })),
];

beforeEach(() => {
  rdsData.reset();
  eventBridge.reset();
  eventBridge.on(DescribeEventBusCommand).resolves({ Name: 'bellyfed-events' });
});

describe('fetch-batch', () => {
  test('a claim expires with the database call of fetch-batch, however long the state waits', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0)] });
    const before = Date.now();

    await invoke(await coldStart('fetch-batch', environment), { ...input, expiresAt: before + 60_000 });

    const { expiresAt } = parametersOf(rdsData.commandCalls(ExecuteStatementCommand)[0]?.args[0].input);
    const timeoutMs = Number(databaseEnvironment.DATABASE_TIMEOUT_MS);
    expect(expiresAt).toBeGreaterThanOrEqual(before + timeoutMs);
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + timeoutMs);
  });

  test('fetch-batch sends its own time to the database, and the claim expires when the state stops waiting', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0)] });
    const before = Date.now();

    await invoke(await coldStart('fetch-batch', environment), { ...input, expiresAt: before + 1_000 });

    const { sentAt, expiresAt } = parametersOf(
      rdsData.commandCalls(ExecuteStatementCommand)[0]?.args[0].input,
    );
    expect(sentAt).toBeGreaterThanOrEqual(before);
    expect(sentAt).toBeLessThanOrEqual(Date.now());
    expect(expiresAt).toBe(before + 1_000);
  });

  test.each([
    ['ClocksDiffer', /^sent at .* received at /, 60_000],
    ['CallExpired', /^sent at .* the function's clock is ahead$/, -60_000],
  ])(
    'fetch-batch fails with %s before any query when the times of the call do not match its clock',
    async (name, message, offsetMs) => {
      const sentAt = Date.now() + offsetMs;

      const { error } = await invoke(await coldStart('fetch-batch', environment), {
        ...input,
        sentAt,
        expiresAt: sentAt + 4_000,
      });

      expect(error).toMatchObject({ name, message: expect.stringMatching(message) });
      expect(rdsData.commandCalls(ExecuteStatementCommand)).toEqual([]);
    },
  );

  test.each([
    ['OB001', 'ClocksDiffer'],
    ['OB002', 'CallExpired'],
  ])(
    'fetch-batch throws the clock error %s of the database as %s, the name that the run shows',
    async (state, name) => {
      const refusal = serviceError('DatabaseErrorException', 400, `ERROR: clocks differ; SQLState: ${state}`);
      rdsData.on(ExecuteStatementCommand).rejects(refusal);

      const { error } = await invoke(await coldStart('fetch-batch', environment), input);

      expect(error).toMatchObject({ name, message: expect.stringMatching(/^clocks differ: /) });
    },
  );

  test('fetch-batch claims with the token of its input and the limits of the stack', async () => {
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
      sentAt: expect.any(Number),
      expiresAt: expect.any(Number),
      maxEvents: 200,
      maxStateBytes: 240_000,
      maxInlineBytes: 60_000,
      leaseSeconds: 330,
      maxAttempts: 8,
      measure: false,
    });
  });

  test('fetch-batch binds every parameter of its statement', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0)] });

    await invoke(await coldStart('fetch-batch', environment), input);

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

    const { result } = await invoke(await coldStart('fetch-batch', environment), input);

    const common = { eventType: 'DishRated', createdAt: '2026-11-23T12:00:00.123Z', attempts: 2 };
    expect(result).toEqual({
      events: [
        { eventId: 'e-1', ...common, detail: '{"stars": 5}', traceHeader: 'Root=1' },
        { eventId: 'e-2', ...common },
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

    const invocation = await invoke(await coldStart('fetch-batch', environment), input);

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

    const invocation = await invoke(await coldStart('fetch-batch', environment), {
      ...input,
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

  test('only the first fetch of a run checks the bus, before its claim', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0, [0, 0, 0])] });
    const handler = await coldStart('fetch-batch', environment);

    await invoke(handler, input);
    expect(eventBridge.calls()).toEqual([]);

    const { printed } = await invoke(handler, { ...input, firstOfRun: true });
    const checks = eventBridge.commandCalls(DescribeEventBusCommand);
    expect(checks.map(({ args }) => args[0].input)).toEqual([{ Name: 'bellyfed-events' }]);
    expect(logsIn({ printed })).toEqual([]);
  });

  test('fetch-batch claims nothing when the bus does not exist', async () => {
    eventBridge.on(DescribeEventBusCommand).rejects(serviceError('ResourceNotFoundException', 400));

    const { error } = await invoke(await coldStart('fetch-batch', environment), {
      ...input,
      firstOfRun: true,
    });

    expect(error).toMatchObject({
      name: 'BusMissing',
      message: expect.stringContaining('event bus bellyfed-events does not exist'),
    });
    expect(rdsData.calls()).toEqual([]);
  });

  test.each([
    serviceError('AccessDeniedException', 400),
    serviceError('ThrottlingException', 400),
    serviceError('InternalException', 500),
    serviceError('TimeoutError'),
    networkError('ECONNREFUSED'),
  ])('fetch-batch warns and still claims when the check of the bus fails (%s)', async (cause) => {
    eventBridge.on(DescribeEventBusCommand).rejects(cause);
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0, [0, 0, 0])] });

    const invocation = await invoke(await coldStart('fetch-batch', environment), {
      ...input,
      firstOfRun: true,
    });

    expect(invocation.result).toMatchObject({ events: [] });
    expect(logsIn(invocation)).toMatchObject([
      {
        level: 'WARN',
        reason: `${'code' in cause ? cause.code : cause.name}: ${cause.message}`,
        executionId: 'arn:execution',
      },
    ]);
  });

  test('fetch-batch logs nothing when nothing is due', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0)] });

    const invocation = await invoke(await coldStart('fetch-batch', environment), input);

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
