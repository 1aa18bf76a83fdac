import { stripVTControlCharacters } from 'node:util';
import { expect, test } from '@jest/globals';
import { formatTable } from '../../../cli/table.ts';

const rows = [
  { event: '1'.repeat(36), error: 'MalformedDetail: no such thing', aggregate: 'order-7' },
  { event: '2'.repeat(36), error: '', aggregate: '\u001b[31mred\u001b[39m' },
];
const plain = (text: string) => text;

test('without a width everything is there', () => {
  expect(formatTable(rows, undefined, plain).split('\n')).toEqual([
    `event${' '.repeat(33)}error${' '.repeat(27)}aggregate`,
    `${'1'.repeat(36)}  MalformedDetail: no such thing  order-7`,
    `${'2'.repeat(36)}${' '.repeat(34)}\u001b[31mred\u001b[39m`,
  ]);
});

test.each([200, 80, 60, 50, 40, 20])('no line is wider than %i', (width) => {
  for (const line of formatTable(rows, width, plain).split('\n'))
    expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(width);
});

test('what does not fit is cut, then left out, from the right', () => {
  expect(formatTable(rows, 60, plain)).toContain(`${'1'.repeat(36)}  MalformedDetail: no…`);
  expect(formatTable(rows, 45, plain)).toBe(`event\n${'1'.repeat(36)}\n${'2'.repeat(36)}`);
});
