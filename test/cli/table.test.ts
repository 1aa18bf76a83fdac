import { stripVTControlCharacters } from 'node:util';
import { expect, test } from '@jest/globals';
import { Chalk } from 'chalk';
import measure from 'fast-string-truncated-width';
import { formatTable, shorten } from '../../cli/table.ts';

const rows = [
  { event: '1'.repeat(36), error: 'MalformedDetail: no such thing', aggregate: 'order-7' },
  { event: '2'.repeat(36), error: '', aggregate: '\u001b[31mred\u001b[39m' },
];
const plain = (text: string) => text;

test('a table without a width contains everything', () => {
  expect(formatTable(rows, undefined, plain).split('\n')).toEqual([
    `event${' '.repeat(33)}error${' '.repeat(27)}aggregate`,
    `${'1'.repeat(36)}  MalformedDetail: no such thing  order-7`,
    `${'2'.repeat(36)}${' '.repeat(34)}\u001b[31mred\u001b[39m`,
  ]);
});

test.each([200, 80, 60, 50, 40, 20])('no line of a table is wider than %i', (width) => {
  for (const line of formatTable(rows, width, plain).split('\n'))
    expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(width);
});

test('content that does not fit is cut from the right, then left out', () => {
  expect(formatTable(rows, 60, plain)).toContain(`${'1'.repeat(36)}  MalformedDetail: no…`);
});

test('each row becomes a list when hardly any column fits', () => {
  expect(formatTable(rows, 45, plain)).toBe(
    [
      `event      ${'1'.repeat(34)}`.replace(/1+$/, `${'1'.repeat(33)}…`),
      'error      MalformedDetail: no such thing',
      'aggregate  order-7',
      '',
      `event      ${'2'.repeat(33)}…`,
      'aggregate  \u001b[31mred\u001b[39m',
    ].join('\n'),
  );
});

test('a column that only a later row has is included', () => {
  expect(
    formatTable([{ status: 'RUNNING' }, { status: 'SUCCEEDED', summary: 'published 3' }], 80, plain),
  ).toBe('status     summary\nRUNNING\nSUCCEEDED  published 3');
});

test('the header is coloured without its padding', () => {
  expect(formatTable([{ a: 'xyz', b: 'x' }], undefined, new Chalk({ level: 1 }).dim).split('\n')[0]).toBe(
    '\u001b[2ma\u001b[22m    \u001b[2mb\u001b[22m',
  );
});

test('a shortened ARN keeps its end, where it differs from others', () => {
  expect(shorten('arn:aws:states:eu-central-1:1:express:outbox-processor:4f1c:9ab2', 12)).toBe(
    '…r:4f1c:9ab2',
  );
});

const wide = [
  { aggregate: '注文番号四二三九一', error: 'plain', end: '|' },
  { aggregate: 'cafe\u0301', error: '👩‍👩‍👧‍👦 🇯🇵 😀', end: '|' },
  { aggregate: '한국어 주문', error: '日本語のとても長いエラーメッセージです', end: '|' },
  { aggregate: 'ascii', error: 'x'.repeat(40), end: '|' },
];

test('wide characters are not cut in a table without a width', () => {
  const text = formatTable(wide, undefined, plain);

  for (const row of wide) for (const cell of Object.values(row)) expect(text).toContain(cell);
});

test.each([undefined, 75, 60])('cells with wide characters are aligned at the width %s', (width) => {
  const [, ...lines] = formatTable(wide, width, plain).split('\n');
  const cells = lines.map((line) => line.split(/ {2,}/));
  const starts = lines.map((line, row) => measure(line.slice(0, line.indexOf(cells[row]?.[1] ?? ''))).width);

  expect(new Set(starts).size).toBe(1);
  if (width !== undefined) for (const line of lines) expect(measure(line).width).toBeLessThanOrEqual(width);
});

test.each([
  ['注文番号四二三九一', 8, '注文番…'],
  ['a😀😀😀', 4, 'a😀…'],
  ['👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 3, '👩‍👩‍👧‍👦…'],
  ['cafe\u0301s', 5, 'cafe\u0301s'],
  ['\u001b[31mPROCESSING\u001b[39m', 8, 'PROCESS…'],
  ['\u001b[31mFAILED\u001b[39m', 8, '\u001b[31mFAILED\u001b[39m'],
])('%s in %i cells is cut between characters, never inside one', (text, cells, shortened) => {
  expect(shorten(text, cells)).toBe(shortened);
});
