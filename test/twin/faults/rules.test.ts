import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { readRules } from '../../../twin/faults/rules.ts';

const refusal = (rule: object): string => {
  try {
    readRules([rule], []);
    return 'accepted';
  } catch (error) {
    return (error as Error).message;
  }
};
const listed = (message: string, pattern: RegExp) => pattern.exec(message)?.[1]?.split(', ').toSorted();

/** The rows of the table in docs/local-twin.md whose first column has this title. */
function documented(title: string): (readonly string[])[] {
  const text = readFileSync(new URL('../../../docs/local-twin.md', import.meta.url), 'utf8');
  const [, rows = ''] =
    new RegExp(`^\\| ${title} \\|.*\\n\\|[-|]+\\|\\n((?:\\|.*\\n)+)`, 'm').exec(text) ?? [];
  return rows
    .trim()
    .split('\n')
    .map((row) => row.split('|').map((cell) => cell.trim().replaceAll('`', '')));
}
const names = (title: string) =>
  documented(title)
    .map(([, name = '']) => name)
    .toSorted();

describe('docs/local-twin.md names what fault rules have', () => {
  test('all fields, which the refusal of a misspelt one lists', () => {
    const message = refusal({ service: 'events', kind: 'latency', ms: 1, delay: 1 });

    expect(listed(message, /a rule has no delay, only (.*)/)).toEqual(names('Field'));
  });

  test('all that a rule can match, which the refusal of a misspelt one lists', () => {
    const message = refusal({ service: 'events', kind: 'latency', ms: 1, match: { type: 'push' } });

    expect(listed(message, /match has no type, only (.*)/)).toEqual(names('Match'));
  });

  const services = ['events', 'rds-data', 'lambda', 'states', 'logs'];
  const required: Readonly<Record<string, object>> = {
    error: { code: 'InternalFailure' },
    'entry-error': { code: 'InternalFailure' },
    latency: { ms: 1 },
  };

  test('all kinds, each with the services that it can happen to', () => {
    const accepted = (kind: string) =>
      services.filter((service) => refusal({ service, kind, ...required[kind] }) === 'accepted');
    const message = refusal({ service: 'events', kind: '' });
    const kinds = listed(message.replaceAll('"', '').replaceAll('|', ', '), /expected one of (.*)/);

    expect(kinds).toEqual(names('Kind'));
    for (const [, kind = '', happensTo = ''] of documented('Kind'))
      expect([kind, accepted(kind)]).toEqual([kind, happensTo === 'all' ? services : happensTo.split(', ')]);
  });

  test('all matches, each with the services that have it', () => {
    for (const [, key = '', looksAt = ''] of documented('Match')) {
      const accepted = services.filter(
        (service) =>
          !refusal({ service, kind: 'latency', ms: 1, match: { [key]: 'x' } }).includes('cannot match'),
      );
      expect([key, accepted]).toEqual([
        key,
        looksAt.split(', ').toSorted((a, b) => services.indexOf(a) - services.indexOf(b)),
      ]);
    }
  });
});
