import { table } from './report.ts';
import type { Need, Scenario } from './scenario.ts';

const inWords: Readonly<Record<Need, string>> = {
  account: 'an account',
  disturb: '`--disturb`',
  running: 'an outbox that is not paused',
};

/** Every scenario with its fact, and when an account has shown it. */
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

const begin = '<!-- npm run docs:certify writes this table -->';
const end = '<!-- end of the table -->';

/** The page with this table in the place of its own. */
export function withCatalogue(page: string, text: string): string {
  const [before, rest] = page.split(begin);
  const [, after] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined) throw new Error(`the page has no ${begin} ... ${end}`);
  return `${before}${begin}\n\n${text}\n${end}${after}`;
}
