import { readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { catalogue, withCatalogue } from '../../certify/catalogue.ts';
import { needs } from '../../certify/scenario.ts';
import { scenarios } from '../../certify/scenarios.ts';
import { fencedBlock, projectText } from '../support/fenced-block.ts';

describe('the table of scenarios', () => {
  test('every scenario id is unique', () => {
    const ids = scenarios.map(({ id }) => id);

    expect(ids.length).toBeGreaterThan(30);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each(scenarios)(
    'the scenario $id is well formed',
    ({ id, sentence, needs: needed, expected, observedOnAws }) => {
      expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(sentence).toMatch(/^[A-Za-z].*\.$/);
      expect(Object.keys(needs)).toEqual(expect.arrayContaining([...needed]));
      expect(Object.keys(expected)).not.toEqual([]);
      expect(observedOnAws ?? '2026-01-31').toMatch(/^20\d\d-[01]\d-[0-3]\d$/);
    },
  );

  test('scenarios that others may notice need --disturb', () => {
    const disturbing = scenarios.filter((scenario) => scenario.needs.includes('disturb'));

    expect(disturbing.map(({ id }) => id)).toEqual([
      'alarm-rings',
      'failed-run',
      'publish',
      'catch',
      'redrive',
    ]);
  });
});

describe('docs/certify.md', () => {
  const page = projectText('docs/certify.md');

  test('docs/certify.md has the table of scenarios; npm run docs:generate writes it', () => {
    expect(page).toBe(withCatalogue(page, catalogue(scenarios)));
  });

  test('docs/certify.md has the day of each observation, or "not yet"', () => {
    const [scenario] = scenarios;
    if (scenario === undefined) throw new Error('there is no scenario');

    expect(catalogue([scenario])).toMatch(/ \| not yet \|\n$/);
    expect(catalogue([{ ...scenario, observedOnAws: '2026-01-31' }])).toMatch(/ \| 2026-01-31 \|\n$/);
  });

  test('docs/certify.md has a policy for every operation that the scenarios call', () => {
    const { Statement } = JSON.parse(fencedBlock('docs/certify.md', 'policy')) as {
      Statement: readonly { Action: string | readonly string[] }[];
    };
    const allowed = Statement.flatMap(({ Action }) => Action).filter(
      (action) => !action.startsWith('rds-data:'),
    );

    expect(allowed.sort()).toEqual(
      [...operationsOf('certify'), 'secretsmanager:GetSecretValue', 'states:ListExecutions']
        .filter((action, index, all) => all.indexOf(action) === index)
        .sort(),
    );
  });
});

const prefixes: Readonly<Record<string, string>> = {
  cloudwatch: 'cloudwatch',
  cloudformation: 'cloudformation',
  'cloudwatch-logs': 'logs',
  eventbridge: 'events',
  lambda: 'lambda',
  scheduler: 'scheduler',
  sfn: 'states',
};

/** The IAM actions of the commands that the files of a folder import. */
function operationsOf(folder: string): string[] {
  const files = readdirSync(new URL(`../../${folder}/`, import.meta.url), { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.ts'));
  return files.flatMap((file) =>
    [
      ...projectText(`${folder}/${file}`).matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-([\w-]+)'/g),
    ].flatMap(([, names = '', client = '']) =>
      [...names.matchAll(/(\w+)Command\b/g)].map(
        ([, operation]) => `${prefixes[client]}:${operation === 'Invoke' ? 'InvokeFunction' : operation}`,
      ),
    ),
  );
}
