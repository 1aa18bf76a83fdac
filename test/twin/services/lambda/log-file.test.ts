import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openLogFile } from '../../../../twin/services/lambda/log-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outbox-log-'));
});

afterEach(() => rm(folder, { recursive: true }));

const fail = (problem: string) => {
  throw new Error(problem);
};
const line = (n: number) => `${String(n).padStart(99)}\n`;

test('the log keeps its newest lines, complete and in order, within its size limit', async () => {
  const file = join(folder, 'functions.log');
  const log = openLogFile(file, { maxBytes: 10_000, report: fail });
  for (let n = 0; n < 1_000; n += 1) log.write(n % 2 === 0 ? line(n) : Buffer.from(line(n)));
  await log.close();

  const kept = `${await readFile(`${file}.old`, 'utf8')}${await readFile(file, 'utf8')}`;

  const numbers = kept.trim().split('\n').map(Number);
  expect(numbers).toEqual(Array.from(numbers, (_, index) => 1_000 - numbers.length + index));
  expect(numbers.length).toBeGreaterThan(45);
  expect(kept.length).toBeLessThan(10_500);
});

test('a log is emptied when it is opened', async () => {
  const file = join(folder, 'functions.log');
  const before = openLogFile(file, { maxBytes: 1_000, report: fail });
  before.write('before\n');
  await before.close();

  await openLogFile(file, { maxBytes: 1_000, report: fail }).close();

  expect(await readFile(file, 'utf8')).toBe('');
});

(existsSync('/dev/full') ? test : test.skip)(
  'a full disk is reported once, and the output is dropped',
  async () => {
    const file = join(folder, 'functions.log');
    await symlink('/dev/full', file);
    const problems: string[] = [];
    const log = openLogFile(file, { maxBytes: 1_000, report: (problem) => problems.push(problem) });

    for (let n = 0; n < 3; n += 1) {
      log.write(line(n));
      await new Promise(setImmediate);
    }
    await log.close();

    expect(problems).toEqual([
      expect.stringMatching(
        /^the output of the functions is dropped, because .*functions\.log cannot be written: ENOSPC/,
      ),
    ]);
  },
);

test('a folder that is removed while the log is written is reported once', async () => {
  const below = join(folder, 'below');
  await mkdir(below);
  const problems: string[] = [];
  const log = openLogFile(join(below, 'functions.log'), {
    maxBytes: 100,
    report: (problem) => problems.push(problem),
  });
  await rm(below, { recursive: true });

  for (let n = 0; n < 5; n += 1) log.write(line(n));
  await log.close();

  expect(problems).toEqual([expect.stringMatching(/cannot be written: ENOENT/)]);
});
