import { describe, expect, test } from '@jest/globals';
import { maxCharacters } from '../../outbox/text-limits.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';

const database = useOutboxDatabase();

describe('the limits of the code are those of the table', () => {
  test.each(Object.entries(maxCharacters))('%s has at most %i characters', async (name, characters) => {
    const column = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const constraints = await database.sql<{ definition: string }>(
      `select pg_get_constraintdef(oid) as definition from pg_constraint
       where conrelid = 'outbox_events'::regclass and conname ~ ('^' || $1 || '_is_.*_characters$')`,
      [column],
    );

    expect(constraints).toEqual([{ definition: expect.stringMatching(`<= ${characters}\\b`) }]);
  });
});
