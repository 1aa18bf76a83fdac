import { beforeEach, describe, expect, test } from '@jest/globals';
import { coldStart, invoke, logsIn, metricsIn } from '../support/handler.ts';
import {
  environment,
  leaseToken,
  rdsData,
  recorded,
  runId,
  sentParameters,
  settings,
} from '../support/outcome-handlers.ts';

beforeEach(() => {
  rdsData.reset();
});

describe('release-batch', () => {
  const input = { leaseToken, error: 'States.DataLimitExceeded', cause: 'the output is too large', runId };

  test('gives back what the token holds, with the reason', async () => {
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
