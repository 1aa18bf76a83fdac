import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import type { DataApi } from '../../outbox/data-api.ts';
import { purge } from '../../outbox/purge.ts';
import { parametersOf } from '../support/data-api-parameters.ts';
import { coldStart, databaseEnvironment, invoke, logsIn, metricsIn } from '../support/handler.ts';
import { serviceError } from '../support/service-error.ts';

const rdsData = mockClient(RDSDataClient);
const environment = { ...databaseEnvironment, RETENTION_DAYS: '7', PURGE_WORK_MS: '20000' };
const deleted = (rows: number, more: boolean, after: string) => ({
  records: [[{ longValue: rows }, { booleanValue: more }, { stringValue: after }, { doubleValue: 0.5 }]],
});
const overdue = (seconds: number, paused = false) => ({
  records: [[{ doubleValue: seconds }, { booleanValue: paused }]],
});

const forgotten = (keys: number, more = false) => ({
  records: [[{ longValue: keys }, { booleanValue: more }]],
});

beforeEach(() => {
  rdsData.reset();
});

describe('purge-events', () => {
  test('purge-events continues each statement after the last deleted event until none is left, and counts them', async () => {
    rdsData
      .on(ExecuteStatementCommand)
      .resolvesOnce(deleted(1000, true, '2026-11-01 09:00:00.123456+00'))
      .resolvesOnce(deleted(17, false, '2026-11-01 10:00:00+00'))
      .resolvesOnce(overdue(0))
      .resolvesOnce(forgotten(3, true))
      .resolvesOnce(forgotten(4));

    const invocation = await invoke(await coldStart('purge-events', environment), {});

    const calls = rdsData
      .commandCalls(ExecuteStatementCommand)
      .map(({ args }) => parametersOf(args[0].input));
    expect(calls).toEqual([
      // isNull: the first statement begins with the oldest event.
      { retentionDays: 7, after: true, rows: 1000, bytes: 1_600_000 },
      { retentionDays: 7, after: '2026-11-01 09:00:00.123456+00', rows: 2000, bytes: 3_200_000 },
      { retentionDays: 7 },
      { page: 0, idleDays: 60 },
      { page: 1000, idleDays: 60 },
    ]);
    expect(invocation.result).toEqual({ purged: 1017, more: false, overdueSeconds: 0 });
    expect(metricsIn(invocation)).toEqual({ 'Outbox/EventsPurged': 1017, 'Outbox/PurgeOverdue': 0 });
    expect(logsIn(invocation)).toMatchObject([
      { level: 'INFO', purged: 1017, more: false, overdueSeconds: 0, forgottenKeys: 7, retentionDays: 7 },
    ]);
  });

  test('purge-events reports when events are left at its time limit, and how long they are overdue', async () => {
    rdsData
      .on(ExecuteStatementCommand)
      .resolvesOnce(deleted(500, true, '2026-11-01 09:00:00+00'))
      .resolvesOnce(overdue(7_200));
    const handler = await coldStart('purge-events', environment);
    let time = 0;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => {
      time += 15_000;
      return time;
    });

    const invocation = await invoke(handler, {});
    clock.mockRestore();

    expect(invocation.result).toEqual({ purged: 500, more: true, overdueSeconds: 7_200 });
    expect(metricsIn(invocation)).toMatchObject({ 'Outbox/PurgeOverdue': 7_200 });
  });

  test('purge-events reports that the outbox is paused when it deletes nothing', async () => {
    rdsData
      .on(ExecuteStatementCommand)
      .resolvesOnce(deleted(0, false, ''))
      .resolvesOnce(overdue(60, true))
      .resolvesOnce(forgotten(0));

    const { result } = await invoke(await coldStart('purge-events', environment), {});

    expect(result).toEqual({ purged: 0, more: false, overdueSeconds: 60, paused: true });
  });

  test('purge-events throws the error name that the state machine matches', async () => {
    rdsData.on(ExecuteStatementCommand).rejects(serviceError('AccessDeniedException', 403));

    const { error } = await invoke(await coldStart('purge-events', environment), {});

    expect(error).toMatchObject({ name: 'DatabaseRefused' });
  });
});

describe('a purge', () => {
  /** A database with 100 ms of network time per call, which works for the given times. */
  function distant(workMs: readonly number[]) {
    let time = 0;
    const work = [...workMs];
    const rests: number[] = [];
    const database: DataApi = {
      async query(_, parameters = {}) {
        if (!('rows' in parameters)) return [[0, false]];
        const ms = work.shift() ?? 0;
        time += 100 + ms;
        return [[500, work.length > 0, '2026-11-01 09:00:00+00', ms]];
      },
    };
    const clock = {
      now: () => time,
      pause: async (ms: number) => {
        rests.push(ms);
        time += ms;
      },
    };
    return { database, clock, rests, timePassed: () => time };
  }

  test('a purge pauses until the database has rested as long as it worked; network time counts as rest', async () => {
    const { database, clock, rests } = distant([40, 300, 160, 150, 60]);

    await purge(database, 7, Number.POSITIVE_INFINITY, clock);

    // Each call includes 100 ms of rest. That covers 40 ms of work; then 200 of 300 are left, then 60 and 50.
    expect(rests).toEqual([200, 110]);
  });

  test('a purge begins no further statement after its time limit', async () => {
    const { database, clock, timePassed } = distant(Array.from({ length: 1_000 }, () => 50));

    const result = await purge(database, 7, 1_000, clock);

    expect(result).toMatchObject({ more: true, purged: 3_500 });
    expect(timePassed()).toBe(1_050);
  });
});
