import { describe, expect, test } from '@jest/globals';
import { canonicalUuid } from '../../outbox/uuid.ts';

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
