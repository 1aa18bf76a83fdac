import { ExecuteStatementCommand } from '@aws-sdk/client-rds-data';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { coldStart, invoke, logsIn, metricsIn } from '../support/handler.ts';
import { environment, leaseToken, rdsData, recorded, runId } from '../support/outcome-handlers.ts';
import { serviceError } from '../support/service-error.ts';

beforeEach(() => {
  rdsData.reset();
});

describe('while another session has locked a row', () => {
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
