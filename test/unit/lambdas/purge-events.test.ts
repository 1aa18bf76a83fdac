import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { purge } from '../../../outbox/purge.ts';
import { parametersOf } from '../../support/data-api-parameters.ts';
import { coldStart, databaseEnvironment, invoke, logsIn, metricsIn } from '../../support/handler.ts';
import { serviceError } from '../../support/service-error.ts';

const rdsData = mockClient(RDSDataClient);
const environment = {
  ...databaseEnvironment,
  RETENTION_DAYS: '7',
  PURGE_BATCH: '1000',
  PURGE_PAUSE_MS: '1',
  PURGE_WORK_MS: '20000',
};
const deleted = (rows: number) => ({ records: [[{ longValue: rows }]] });

beforeEach(() => {
  rdsData.reset();
});

describe('purge-events', () => {
  test('deletes batch by batch until one is not full, and counts', async () => {
    rdsData.on(ExecuteStatementCommand).resolvesOnce(deleted(1000)).resolves(deleted(17));

    const invocation = await invoke(await coldStart('purge-events', environment), {});

    const calls = rdsData.commandCalls(ExecuteStatementCommand);
    expect(calls).toHaveLength(2);
    expect(parametersOf(calls[0]?.args[0].input)).toEqual({ retentionDays: 7, batch: 1000 });
    expect(invocation.result).toEqual({ purged: 1017, more: false });
    expect(metricsIn(invocation)).toEqual({ 'Outbox/EventsPurged': 1017 });
    expect(logsIn(invocation)).toMatchObject([
      { level: 'INFO', purged: 1017, more: false, retentionDays: 7 },
    ]);
  });

  test('throws what the state machine matches by name', async () => {
    rdsData.on(ExecuteStatementCommand).rejects(serviceError('AccessDeniedException', 403));

    const { error } = await invoke(await coldStart('purge-events', environment), {});

    expect(error).toMatchObject({ name: 'DatabaseRefused' });
  });
});

describe('a purge', () => {
  const settings = { retentionDays: 7, batch: 10, pauseMs: 50 };

  test('stops when its time is up and says that there is more', async () => {
    let looks = 0;
    const database = { query: async () => [[10]] };

    const result = await purge(
      database,
      settings,
      () => ++looks === 3,
      async () => undefined,
    );

    expect(result).toEqual({ purged: 30, more: true });
  });

  test('pauses between two batches, not after the last', async () => {
    const pauses: number[] = [];
    const rows = [10, 10, 0];
    const database = { query: async () => [[rows.shift() ?? 0]] };

    await purge(
      database,
      settings,
      () => false,
      async (ms) => pauses.push(ms),
    );

    expect(pauses).toEqual([50, 50]);
  });
});
