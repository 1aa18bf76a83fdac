import { expect, test } from '@jest/globals';
import { exitCodes as cliExitCodes } from '../../cli/exit-codes.ts';
import { exitCodeOf, exitCodes } from '../../local/exit-codes.ts';
import { connectPostgres } from '../../twin/postgres/postgres.ts';

test('npm start ends with the exit codes of the CLI', async () => {
  const codeFor = async (url: string) =>
    connectPostgres(url).then(
      () => exitCodes.ok,
      (error: Error) => exitCodeOf(error),
    );

  expect(exitCodes).toEqual(cliExitCodes);
  expect(await codeFor('postgresql://me@127.0.0.1:1')).toBe(cliExitCodes.usage);
  expect(await codeFor('postgresql://me@127.0.0.1:1/outbox')).toBe(cliExitCodes.unreachable);
  expect(exitCodeOf(new Error('anything else'))).toBe(cliExitCodes.failed);
});
