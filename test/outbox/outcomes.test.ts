import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DataApi, SqlValue } from '../../outbox/data-api.ts';
import { markFailed } from '../../outbox/mark-failed.ts';
import { release } from '../../outbox/release.ts';
import { backoff } from '../support/marking.ts';

const anything = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
});

/** A database that records every text it receives, as PostgreSQL would read it. */
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

// PostgreSQL stores neither NUL nor half a surrogate pair: one such text would make the whole call fail.
describe('the text that is stored with a failure', () => {
  test('the stored error is text that PostgreSQL accepts, whatever the error contained', async () => {
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

  test('the stored error is the original text when PostgreSQL accepts it', async () => {
    const { database, sent } = remembering();

    await release(database, '', { kind: 'transient', errorType: 'Zürich', message: 'a 🐘\n' }, backoff);

    expect(sent()).toBe('Züricha 🐘\n');
  });
});
