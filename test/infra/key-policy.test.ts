import { beforeAll, expect, test } from '@jest/globals';
import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import { OutboxProcessor } from '../../infra/outbox-processor.ts';
import { fencedBlock } from '../support/fenced-block.ts';
import { shared } from '../support/shared.ts';
import { theResource } from './synthesized.ts';

interface Statement {
  readonly Principal: { readonly Service?: string };
  readonly Action: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

beforeAll(async () => {
  process.env['CDK_VALIDATION'] = 'false';
  await shared('bundles');
}, 60_000);

const actionsOf = ({ Action }: Statement) => [Action].flat();
/** Keys and values without the operator: an ARN without wildcards equals itself with every operator. */
const conditionsOf = ({ Condition = {} }: Statement) =>
  Object.values(Condition)
    .flatMap((tests) => Object.entries(tests))
    .map(([key, value]) => `${key}=${value}`);
const covers = (allowed: string, action: string) =>
  allowed === action || (allowed.endsWith('*') && action.startsWith(allowed.slice(0, -1)));

/** The statements for AWS services in the policy of a key that is created in the same app. */
function madePolicy(): Statement[] {
  const stack = new Stack(new App(), 'outbox', {
    env: { account: '123456789012', region: 'eu-central-1' },
  });
  new OutboxProcessor(stack, 'Outbox', {
    encryptionKey: new kms.Key(stack, 'Key'),
    eventBusName: 'bellyfed-events',
    archiveRetention: Duration.days(7),
  });
  const { Properties } = theResource(Template.fromStack(stack), 'AWS::KMS::Key');
  const text = JSON.stringify(Properties['KeyPolicy'], (_, value: unknown) => {
    const joined = (value as { readonly 'Fn::Join'?: readonly [string, readonly unknown[]] } | null)?.[
      'Fn::Join'
    ];
    if (joined === undefined) return value;
    return joined[1].map((part) => (typeof part === 'string' ? part : pseudo(part))).join(joined[0]);
  });
  const { Statement: statements } = JSON.parse(text) as { readonly Statement: Statement[] };
  return statements.filter(({ Principal }) => Principal.Service !== undefined);
}

function pseudo(part: unknown): string {
  const { Ref } = part as { readonly Ref: string };
  return { 'AWS::Partition': 'aws', 'AWS::URLSuffix': 'amazonaws.com' }[Ref] ?? `the unknown ${Ref}`;
}

test('docs/deploy.md gives an imported key every statement that a new key gets', () => {
  const documented = JSON.parse(fencedBlock('docs/deploy.md', 'key-policy')) as Statement[];

  const missing = madePolicy().flatMap((statement) =>
    actionsOf(statement).filter(
      (action) =>
        !documented.some(
          (allowed) =>
            allowed.Principal.Service === statement.Principal.Service &&
            actionsOf(allowed).some((given) => covers(given, action)) &&
            conditionsOf(allowed).every((condition) => conditionsOf(statement).includes(condition)),
        ),
    ),
  );

  expect(madePolicy().length).toBeGreaterThan(3);
  expect(missing).toEqual([]);
});

test('docs/deploy.md allows services no more than a new key does', () => {
  const documented = JSON.parse(fencedBlock('docs/deploy.md', 'key-policy')) as Statement[];
  const made = madePolicy().flatMap((statement) =>
    actionsOf(statement).map((action) => `${statement.Principal.Service} ${action}`),
  );

  for (const statement of documented)
    for (const action of actionsOf(statement))
      expect(made).toContain(`${statement.Principal.Service} ${action}`);
});
