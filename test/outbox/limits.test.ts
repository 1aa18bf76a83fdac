import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { maxCharacters } from '../../outbox/limits.ts';
import { canonicalUuid } from '../../outbox/uuid.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase();

describe('the limits in the code and in the table', () => {
  test.each(Object.entries(maxCharacters))(
    'in the code and in the table, %s has at most %i characters',
    async (name, characters) => {
      const column = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      const constraints = await database.sql<{ definition: string }>(
        `select pg_get_constraintdef(oid) as definition from pg_constraint
       where conrelid = 'outbox_events'::regclass and conname ~ ('^' || $1 || '_is_.*_characters$')`,
        [column],
      );

      expect(constraints).toEqual([{ definition: expect.stringMatching(`<= ${characters}\\b`) }]);
    },
  );
});

test('PostgreSQL reads the same texts as uuids as the code does, and prints them in the same way', async () => {
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
