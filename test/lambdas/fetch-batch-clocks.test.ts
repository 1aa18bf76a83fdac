import { ExecuteStatementCommand } from '@aws-sdk/client-rds-data';
import { describe, expect, test } from '@jest/globals';
import { parametersOf } from '../support/data-api-parameters.ts';
import { countsRow, fetchEnvironment, fetchInput, useFetchBatchMocks } from '../support/fetch-batch.ts';
import { coldStart, databaseEnvironment, invoke } from '../support/handler.ts';
import { serviceError } from '../support/service-error.ts';

const { rdsData } = useFetchBatchMocks();

describe('the clocks of fetch-batch', () => {
  test('a claim expires with the database call of fetch-batch, however long the state waits', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0)] });
    const before = Date.now();

    await invoke(await coldStart('fetch-batch', fetchEnvironment), {
      ...fetchInput,
      expiresAt: before + 60_000,
    });

    const { expiresAt } = parametersOf(rdsData.commandCalls(ExecuteStatementCommand)[0]?.args[0].input);
    const timeoutMs = Number(databaseEnvironment.DATABASE_TIMEOUT_MS);
    expect(expiresAt).toBeGreaterThanOrEqual(before + timeoutMs);
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + timeoutMs);
  });

  test('fetch-batch sends its own time to the database, and the claim expires when the state stops waiting', async () => {
    rdsData.on(ExecuteStatementCommand).resolves({ records: [countsRow(false, 0, 0)] });
    const before = Date.now();

    await invoke(await coldStart('fetch-batch', fetchEnvironment), {
      ...fetchInput,
      expiresAt: before + 1_000,
    });

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

      const { error } = await invoke(await coldStart('fetch-batch', fetchEnvironment), {
        ...fetchInput,
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

      const { error } = await invoke(await coldStart('fetch-batch', fetchEnvironment), fetchInput);

      expect(error).toMatchObject({ name, message: expect.stringMatching(/^clocks differ: /) });
    },
  );
});
