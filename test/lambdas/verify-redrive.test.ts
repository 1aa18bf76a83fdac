import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { fieldsOf, parametersOf } from '../support/data-api-parameters.ts';
import { coldStart, databaseEnvironment, invoke, logsIn } from '../support/handler.ts';
import { serviceError } from '../support/service-error.ts';

const rdsData = mockClient(RDSDataClient);
const runId = 'arn:redrive';

/** The database answers with one row of numbers, and JSON texts. */
function answers(...values: (number | string)[]): void {
  rdsData.on(ExecuteStatementCommand).resolves({ records: [fieldsOf(values)] });
}

const sent = () => parametersOf(rdsData.commandCalls(ExecuteStatementCommand)[0]?.args[0].input);

beforeEach(() => {
  rdsData.reset();
});

describe('verify-redrive', () => {
  const verify = async () => invoke(await coldStart('verify-redrive', databaseEnvironment), { runId });

  test('answers once every event of the redrive is processed', async () => {
    answers(5, 0, 0, '[]');

    const { result, printed } = await verify();

    expect(result).toEqual({ processed: 5, unfinished: 0, failedAgain: 0, errorTypes: [] });
    expect(sent()).toEqual({ redriveId: runId });
    expect(printed).toEqual([]);
  });

  test('answers with what waits, and that the outbox is paused, instead of waiting for a person', async () => {
    rdsData
      .on(ExecuteStatementCommand)
      .resolvesOnce({ records: [fieldsOf([3, 2, 0, '[]'])] })
      .resolvesOnce({ records: [[...fieldsOf([1_700_000_000_000, 'ada']), { isNull: true }]] });

    expect((await verify()).result).toEqual({
      processed: 3,
      unfinished: 2,
      failedAgain: 0,
      errorTypes: [],
      paused: true,
    });
  });

  test.each<[string, (number | string)[], RegExp]>([
    ['EventsUnfinished', [3, 2, 1, '["MalformedDetail"]'], /^2 events are not processed yet, 3 are/],
    [
      'EventsFailedAgain',
      [3, 0, 1, '["MalformedDetail"]'],
      /^1 events failed again \(MalformedDetail\), 3 are/,
    ],
  ])('throws %s, the name that the state machine matches', async (name, row, message) => {
    // Asked next, and it is not paused.
    rdsData
      .on(ExecuteStatementCommand)
      .resolvesOnce({ records: [fieldsOf(row)] })
      .resolves({ records: [] });

    const invocation = await verify();

    expect(invocation.error).toMatchObject({ name, message: expect.stringMatching(message) });
    expect(logsIn(invocation)).toMatchObject([
      { message: 'step failed', error: { name }, executionId: runId },
    ]);
  });

  test('throws DatabaseUnavailable while the database is away', async () => {
    rdsData.on(ExecuteStatementCommand).rejects(serviceError('DatabaseResumingException', 400));

    expect((await verify()).error).toMatchObject({ name: 'DatabaseUnavailable' });
  });
});
