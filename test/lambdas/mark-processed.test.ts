import { beforeEach, describe, expect, test } from '@jest/globals';
import { coldStart, databaseEnvironment, invoke, logsIn, metricsIn } from '../support/handler.ts';
import { rdsData, recorded, runId, sentParameters } from '../support/outcome-handlers.ts';

beforeEach(() => {
  rdsData.reset();
});

describe('mark-processed', () => {
  const input = { outcomes: [{ eventId: 'e-1', eventBridgeId: 'eb-1' }], runId };

  test('records the outcomes in one statement, without asking who holds the lease', async () => {
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

  test('counts and logs an outcome that found no row', async () => {
    recorded(0, 0, ['e-1']);

    const invocation = await invoke(await coldStart('mark-processed', databaseEnvironment), input);

    expect(metricsIn(invocation)).toEqual({ 'Outbox/EventsPublished': 1, 'Outbox/LeasesLost': 1 });
    expect(logsIn(invocation)).toMatchObject([{ level: 'WARN', lost: ['e-1'], executionId: runId }]);
  });
});
