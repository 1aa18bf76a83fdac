import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { App, CfnResource } from 'aws-cdk-lib';
import type { Config } from '../../infra/config.ts';
import { OutboxProcessorStack } from '../../infra/outbox-processor-stack.ts';
import { shared } from '../support/shared.ts';
import { givenBus, givenCluster } from './given.ts';

const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')) as {
  readonly context: Record<string, unknown>;
};

beforeAll(async () => {
  await shared('bundles');
}, 120_000);

afterEach(() => {
  jest.restoreAllMocks();
});

// offline.test.ts checks the default configuration.
test.each<[string, Config]>([
  ['a given cluster and bus', { ...givenCluster, ...givenBus }],
  [
    'every setting its own',
    {
      ...{ name: 'o', intervalMinutes: 1440, batchSize: 1, publishConcurrency: 1, publishRetries: 0 },
      ...{ executionHistory: 'off', logRetentionDays: 3653, retentionDays: 3650, leaseSeconds: 86_400 },
      alarmTopicArn: 'arn:aws:sns:eu-central-1:123456789012:on-call',
    },
  ],
])(
  'the template with %s has no findings',
  (_, config) => {
    const app = new App({ context });
    new OutboxProcessorStack(app, 'outbox', { config });

    app.synth();

    const report: unknown = JSON.parse(readFileSync(join(app.outdir, 'validation-report.json'), 'utf8'));
    expect(report).toMatchObject({ pluginReports: [] });
  },
  60_000,
);

test('a property that CloudFormation would refuse already fails the synthesis', () => {
  // The report is also written to the console.
  jest.spyOn(console, 'error').mockImplementation(() => {});
  jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const app = new App({ context });
  const stack = new OutboxProcessorStack(app, 'outbox', { config: givenCluster });
  new CfnResource(stack, 'Broken', { type: 'AWS::SQS::Queue', properties: { VisibilityTimeout: 'soon' } });

  expect(() => app.synth()).toThrow(/'soon' is not of type 'integer'/);
}, 120_000);
