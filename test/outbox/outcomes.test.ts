import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DataApi, SqlValue } from '../../outbox/data-api.ts';
import { markFailed } from '../../outbox/mark-failed.ts';
import { release } from '../../outbox/release.ts';
import { backoff } from '../support/marking.ts';

const anything = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
});

/** A database that remembers every text that it was sent, as PostgreSQL would read it. */
function remembering() {
  const texts: string[] = [];
  const database: DataApi = {
    query: async (_, parameters: Readonly<Record<string, SqlValue>> = {}) => {
      texts.push(...Object.values(parameters).filter((value) => typeof value === 'string'));
      return [[1, 0, '[]', '[]']];
    },
  };
  return { database, sent: () => texts.map(parsed).join('') };
}

function parsed(text: string): string {
  if (!text.startsWith('[{')) return text;
  return (JSON.parse(text) as object[]).flatMap((outcome) => Object.values(outcome) as string[]).join('');
}

// PostgreSQL has neither NUL nor half a surrogate pair, and one such text would cost the whole call its outcomes.
describe('what is stored with a failure', () => {
  test('is text that PostgreSQL takes, whatever the error said', async () => {
    await fc.assert(
      fc.asyncProperty(anything, anything, async (errorType, message) => {
        const { database, sent } = remembering();

        await markFailed(
          database,
          'token',
          [{ eventId: 'e-1', kind: 'transient', errorType, message }],
          backoff,
        );
        await release(database, 'token', { kind: 'transient', errorType, message }, backoff);

        expect(sent()).not.toMatch(/\p{Surrogate}/u);
        expect(sent()).not.toContain('\0');
      }),
    );
  });

  test('is the error’s own text when nothing is wrong with it', async () => {
    const { database, sent } = remembering();

    await release(database, '', { kind: 'transient', errorType: 'Zürich', message: 'a 🐘\n' }, backoff);

    expect(sent()).toBe('Züricha 🐘\n');
  });
});
