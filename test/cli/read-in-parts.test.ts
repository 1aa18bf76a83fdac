import { describe, expect, test } from '@jest/globals';
import { halving, isTooLarge, readRows } from '../../cli/read-in-parts.ts';
import type { Row, TransactionalDataApi } from '../../outbox/data-api.ts';
import { DatabaseRefused } from '../../outbox/errors.ts';

test.each([
  'BadRequestException: Database returned more than the allowed response size limit',
  'UnsupportedResultException: The result exceeds the size limit 1 MB.',
  'BadRequestException: Database response exceeded size limit',
  'BadRequestException: Packet for query is too large: a row of the result exceeds 64 KB',
])('an answer is too large when the error is %s', (message) => {
  expect(isTooLarge(new DatabaseRefused(message))).toBe(true);
});

test('another refusal does not mean that the answer is too large, and is thrown at once', async () => {
  const refusal = new DatabaseRefused('AccessDeniedException: no');
  let calls = 0;

  await expect(
    halving(8, () => {
      calls += 1;
      return Promise.reject(refusal);
    }),
  ).rejects.toBe(refusal);
  expect([isTooLarge(refusal), calls]).toEqual([false, 1]);
});

describe('reading rows', () => {
  /** A table with this many rows, whose answers hold only some of them. */
  function table(rows: number, carries: number) {
    const calls: string[] = [];
    const database: TransactionalDataApi = {
      async query(sql, { limit, offset } = {}): Promise<readonly Row[]> {
        if (limit === undefined) {
          calls.push(sql);
          return [];
        }
        calls.push(`${offset}+${limit}`);
        const found = Array.from({ length: rows }, (_, row) => [row]).slice(
          Number(offset),
          Number(offset) + Number(limit),
        );
        if (found.length > carries) throw new DatabaseRefused('The result exceeds the size limit 1 MB.');
        return found;
      },
      batch: () => Promise.reject(new Error('not used')),
      transaction: (work) => work(database),
    };
    return { database, calls };
  }
  const snapshot = 'set transaction isolation level repeatable read, read only';

  test('rows that fit one answer are read in one call', async () => {
    const { database, calls } = table(20, 20);

    expect(await readRows(database, 'sql', {}, 20)).toHaveLength(20);
    expect(calls).toEqual(['0+20']);
  });

  test('rows that do not fit one answer are read in pages of one snapshot, each row once and in order', async () => {
    const { database, calls } = table(17, 6);

    expect(await readRows(database, 'sql', {}, 20)).toEqual(Array.from({ length: 17 }, (_, row) => [row]));
    expect(calls).toEqual(['0+20', snapshot, '0+10', snapshot, '0+5', '5+5', '10+5', '15+5']);
  });

  test('no more rows are read than requested', async () => {
    const { database } = table(100, 6);

    expect(await readRows(database, 'sql', {}, 13)).toHaveLength(13);
  });

  test('a single row that is too large is refused', async () => {
    const { database } = table(3, 0);

    await expect(readRows(database, 'sql', {}, 3)).rejects.toThrow('size limit');
  });
});
