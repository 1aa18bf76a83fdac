import { describe, expect, test } from '@jest/globals';
import { halving, isTooLarge, readRows } from '../../cli/read-in-parts.ts';
import type { Row, TransactionalDataApi } from '../../outbox/data-api.ts';
import { DatabaseRefused } from '../../outbox/errors.ts';

test.each([
  'BadRequestException: Database returned more than the allowed response size limit',
  'UnsupportedResultException: The result exceeds the size limit 1 MB.',
  'BadRequestException: Database response exceeded size limit',
  'BadRequestException: Packet for query is too large: a row of the result exceeds 64 KB',
])('%s is a refusal for size', (message) => {
  expect(isTooLarge(new DatabaseRefused(message))).toBe(true);
});

test('another refusal is none, and is thrown at once', async () => {
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

describe('rows', () => {
  /** A table of so many rows, whose answers carry a few. */
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

  test('that fit into one answer are read with one call', async () => {
    const { database, calls } = table(20, 20);

    expect(await readRows(database, 'sql', {}, 20)).toHaveLength(20);
    expect(calls).toEqual(['0+20']);
  });

  test('that do not fit are read in pages of one snapshot, each once and in their order', async () => {
    const { database, calls } = table(17, 6);

    expect(await readRows(database, 'sql', {}, 20)).toEqual(Array.from({ length: 17 }, (_, row) => [row]));
    expect(calls).toEqual(['0+20', snapshot, '0+10', snapshot, '0+5', '5+5', '10+5', '15+5']);
  });

  test('are never more than were asked for', async () => {
    const { database } = table(100, 6);

    expect(await readRows(database, 'sql', {}, 13)).toHaveLength(13);
  });

  test('of which one alone is too large are refused', async () => {
    const { database } = table(3, 0);

    await expect(readRows(database, 'sql', {}, 3)).rejects.toThrow('size limit');
  });
});
