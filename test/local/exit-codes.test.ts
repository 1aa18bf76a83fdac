import { expect, test } from '@jest/globals';
import { exitCodes } from '../../cli/exit-codes.ts';
import { exitCodeOf } from '../../local/exit-codes.ts';
import { InvalidContext } from '../../local/synthesize.ts';
import { connectPostgres } from '../../twin/postgres/postgres.ts';

test('npm start ends with the exit codes of the CLI', async () => {
  const codeFor = async (url: string) =>
    connectPostgres(url).then(
      () => exitCodes.ok,
      (error: Error) => exitCodeOf(error),
    );

  expect(await codeFor('postgresql://me@127.0.0.1:1')).toBe(exitCodes.usage);
  expect(await codeFor('postgresql://me@127.0.0.1:1/outbox')).toBe(exitCodes.unreachable);
  expect(exitCodeOf(new InvalidContext('outbox:lanes is "0"'))).toBe(exitCodes.usage);
  expect(exitCodeOf(new Error('anything else'))).toBe(exitCodes.failed);
});
