import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openLogFile } from '../../../../twin/services/lambda/log-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outbox-log-'));
});

afterEach(() => rm(folder, { recursive: true }));

const line = (n: number) => `${String(n).padStart(99)}\n`;

test('the log keeps its newest lines, complete and in order, within its size limit', async () => {
  const file = join(folder, 'functions.log');
  const log = openLogFile(file, 10_000);
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
  const before = openLogFile(file, 1_000);
  before.write('before\n');
  await before.close();

  await openLogFile(file, 1_000).close();

  expect(await readFile(file, 'utf8')).toBe('');
});
