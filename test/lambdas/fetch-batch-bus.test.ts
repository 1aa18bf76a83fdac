import { DescribeEventBusCommand } from '@aws-sdk/client-eventbridge';
import { ExecuteStatementCommand } from '@aws-sdk/client-rds-data';
import { describe, expect, test } from '@jest/globals';
import { countsRow, fetchEnvironment, fetchInput, useFetchBatchMocks } from '../support/fetch-batch.ts';
import { coldStart, invoke, logsIn } from '../support/handler.ts';
import { networkError, serviceError } from '../support/service-error.ts';

const { rdsData, eventBridge } = useFetchBatchMocks();

describe('the check of the bus by fetch-batch', () => {
  test('only the first fetch of a run checks the bus, before its claim', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0, [0, 0, 0])] });
    const handler = await coldStart('fetch-batch', fetchEnvironment);

    await invoke(handler, fetchInput);
    expect(eventBridge.calls()).toEqual([]);

    const { printed } = await invoke(handler, { ...fetchInput, firstOfRun: true });
    const checks = eventBridge.commandCalls(DescribeEventBusCommand);
    expect(checks.map(({ args }) => args[0].input)).toEqual([{ Name: 'bellyfed-events' }]);
    expect(logsIn({ printed })).toEqual([]);
  });

  test('fetch-batch claims nothing when the bus does not exist', async () => {
    eventBridge.on(DescribeEventBusCommand).rejects(serviceError('ResourceNotFoundException', 400));

    const { error } = await invoke(await coldStart('fetch-batch', fetchEnvironment), {
      ...fetchInput,
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

    const invocation = await invoke(await coldStart('fetch-batch', fetchEnvironment), {
      ...fetchInput,
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
});
