import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalUuid } from '../../outbox/uuid.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase();

const id = '76e1760a-d17a-f1cd-9453-d8a9d6c994e0';

describe('ids in the formats that PostgreSQL reads', () => {
  test.each([
    ['as PostgreSQL prints it', id],
    ['in upper case', id.toUpperCase()],
    ['in braces', `{${id}}`],
    ['without hyphens', id.replaceAll('-', '')],
    ['with a hyphen after every fourth digit', '76e1-760a-d17a-f1cd-9453-d8a9-d6c9-94e0'],
    ['in braces with hyphens elsewhere', '{76E1760AD17AF1CD-9453D8A9D6C994E0}'],
  ])('an id %s is accepted', (_, text) => {
    expect(canonicalUuid(text)).toBe(id);
  });
});

test.each([
  '',
  '7',
  id.slice(1),
  `${id}0`,
  `{${id}`,
  `${id}}`,
  ` ${id}`,
  `${id}\n`,
  `-${id}`,
  id.replace('7', 'g'),
  id.replace('-', '--'),
  '76e-1760a-d17a-f1cd-9453-d8a9d6c994e0',
])('%j is not an id', (text) => {
  expect(canonicalUuid(text)).toBeUndefined();
});

test('PostgreSQL reads the same texts as uuids, and prints them in the same way', async () => {
  const hyphens = fc.array(fc.nat(33), { maxLength: 9 });
  const texts = fc.tuple(fc.uuid(), hyphens, fc.constantFrom('', '{', '}', '{}', ' '), fc.boolean());
  const variants = fc.sample(texts, { numRuns: 400, seed: 7 }).map(([uuid, places, around, upper]) => {
    let text = uuid.replaceAll('-', '');
    for (const place of places)
      text = `${text.slice(0, place * 4)}-${text.slice(place * 4)}`.replace(/-+$/, '');
    text =
      (around.startsWith('{') ? '{' : '') + text + (around.endsWith('}') ? '}' : around === ' ' ? ' ' : '');
    return upper ? text.toUpperCase() : text;
  });

  const read = await Promise.all(
    variants.map((text) =>
      database.sql<{ id: string }>('select cast($1 as uuid) as id', [text]).then(
        ([row]) => row?.id,
        () => undefined,
      ),
    ),
  );

  expect(variants.map((text) => [text, canonicalUuid(text)])).toEqual(
    variants.map((text, index) => [text, read[index]]),
  );
  expect(new Set(read.map((id) => id === undefined))).toEqual(new Set([true, false]));
});
