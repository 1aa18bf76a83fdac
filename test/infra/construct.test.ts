import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { OutboxProcessor } from '../../infra/outbox-processor.ts';
import { shared } from '../support/shared.ts';
import { permissionsOf } from './permissions.ts';

let outbox: OutboxProcessor;
let template: Template;

beforeAll(async () => {
  process.env['CDK_VALIDATION'] = 'false';
  await shared('bundles');
  const stack = new Stack(new App(), 'app');
  outbox = new OutboxProcessor(stack, 'Outbox', { name: 'orders' });
  const checkout = new iam.Role(stack, 'Checkout', {
    assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
  });
  outbox.grantEnqueue(checkout).assertSuccess();
  const kitchen = new iam.Role(stack, 'Kitchen', {
    assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
  });
  outbox.grantNudge(kitchen).assertSuccess();
  template = Template.fromStack(stack);
}, 60_000);

describe('grantEnqueue', () => {
  test('grantEnqueue allows only what a transaction of the Data API needs as the producer', () => {
    const cluster = 'arn:<Partition>:rds:<Region>:<AccountId>:cluster:OutboxDatabaseCluster';

    expect(permissionsOf(template)['Checkout']).toEqual([
      `rds-data:BatchExecuteStatement on ${cluster}`,
      `rds-data:BeginTransaction on ${cluster}`,
      `rds-data:CommitTransaction on ${cluster}`,
      `rds-data:ExecuteStatement on ${cluster}`,
      `rds-data:RollbackTransaction on ${cluster}`,
      'secretsmanager:GetSecretValue on OutboxDatabaseUsersProducerSecret',
    ]);
  });
});

describe('grantNudge', () => {
  test('grantNudge allows only to start the processor', () => {
    expect(permissionsOf(template)['Kitchen']).toEqual([
      expect.stringMatching(/^states:StartExecution on Outboxoutboxprocessor/),
    ]);
  });
});

describe('a metric', () => {
  test.each([
    ['metricEventsPublished', 'EventsPublished', 'Sum'],
    ['metricFailedEvents', 'FailedEvents', 'Maximum'],
    ['metricOldestEventAge', 'OldestEventAge', 'Maximum'],
  ] as const)(
    '%s returns the metric %s of this outbox, with its %s per minute',
    (method, metricName, statistic) => {
      const metric = outbox[method]();

      expect(metric).toMatchObject({
        namespace: 'Outbox',
        metricName,
        dimensions: { service: 'orders' },
        statistic,
      });
      expect(metric.period.toSeconds()).toBe(60);
    },
  );

  test('metric returns any metric of the handlers with the given options', () => {
    const metric = outbox.metric('LeasesLost', { period: Duration.hours(1), statistic: 'Average' });

    expect(metric).toMatchObject({
      namespace: 'Outbox',
      metricName: 'LeasesLost',
      dimensions: { service: 'orders' },
      statistic: 'Average',
    });
    expect(metric.period.toHours()).toBe(1);
  });
});

describe('the defaults', () => {
  test('by default, all resources are named after the construct', () => {
    template.hasResourceProperties('AWS::Events::EventBus', { Name: 'orders-events' });
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'orders-publish-event',
      Environment: { Variables: { EVENT_SOURCE: 'orders' } },
    });
    template.hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardName: 'orders' });
    template.hasResourceProperties('AWS::SecretsManager::Secret', {
      GenerateSecretString: { SecretStringTemplate: '{"username":"orders_producer"}' },
    });
  });
});
