import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const project = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, project), 'utf8');

const prefixes: Readonly<Record<string, string>> = {
  cloudformation: 'cloudformation',
  cloudwatch: 'cloudwatch',
  'cloudwatch-logs': 'logs',
  'rds-data': 'rds-data',
  scheduler: 'scheduler',
  sfn: 'states',
};

/** `states:ListExecutions` for each command that a source imports from an SDK client. */
function calledIn(source: string): string[] {
  const imports = source.matchAll(/import \{([^}]+)\} from '@aws-sdk\/client-([\w-]+)'/g);
  return [...imports].flatMap(([, names = '', client = '']) =>
    [...names.matchAll(/\b(\w+)Command\b/g)].map(([, name]) => `${prefixes[client]}:${name}`),
  );
}

test('the policy in the docs grants the calls that the console makes, and no other', () => {
  const [, policy = ''] = /```json\n(.*?)\n```/s.exec(read('docs/console.md')) ?? [];
  const { Statement } = JSON.parse(policy) as { Statement: { Action: string | string[] }[] };
  const granted = Statement.flatMap(({ Action }) => Action);
  const sources = readdirSync(new URL('console/server', project)).map((file) => `console/server/${file}`);
  const called = [...sources, 'cli/stack.ts', 'outbox/data-api.ts'].flatMap((file) => calledIn(read(file)));

  // The Data API reads the secret in the caller's name. Batches are for producers only.
  const needed = new Set([...called, 'secretsmanager:GetSecretValue']);
  needed.delete('rds-data:BatchExecuteStatement');
  expect([...new Set(granted)].sort()).toEqual([...needed].sort());
});
