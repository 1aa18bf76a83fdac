import { table } from './report.ts';
import type { Need, Scenario } from './scenario.ts';

const inWords: Readonly<Record<Need, string>> = {
  account: 'an account',
  disturb: '`--disturb`',
  running: 'an outbox that is not paused',
};

/** A table of all scenarios with their facts and the day on which an account showed each of them. */
export function catalogue(scenarios: readonly Scenario[]): string {
  return table(
    ['scenario', 'fact', 'needs', 'observed on AWS'],
    scenarios.map(({ id, sentence, needs, observedOnAws }) => [
      `\`${id}\``,
      sentence,
      needs.map((need) => inWords[need]).join(', '),
      observedOnAws ?? 'not yet',
    ]),
  );
}

const begin = '<!-- npm run docs:generate writes this table -->';
const end = '<!-- end of the table -->';

/** Replaces the table in the page. */
export function withCatalogue(page: string, text: string): string {
  const [before, rest] = page.split(begin);
  const [, after] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined) throw new Error(`the page has no ${begin} ... ${end}`);
  return `${before}${begin}\n\n${text}\n${end}${after}`;
}
