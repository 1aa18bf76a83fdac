import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { App, Duration, Stack, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks } from 'cdk-nag';
import { OutboxConsumer, type OutboxConsumerProps } from '../../infra/outbox-consumer.ts';
import { resourcesOf, theResource } from './synthesized.ts';

type Given = Partial<OutboxConsumerProps> & { readonly encrypted?: true };

function stackWith({ encrypted, ...props }: Given = {}, app = new App()): Stack {
  const stack = new Stack(app, 'shop');
  const encryptionKey = new kms.Key(stack, 'Key', { enableKeyRotation: true });
  const handler = new lambda.Function(stack, 'Handler', {
    runtime: lambda.Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = async () => ({ batchItemFailures: [] })'),
    timeout: Duration.seconds(10),
    role: new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }),
  });
  new OutboxConsumer(stack, 'Search', {
    // Encrypted with the same key, which must not make a circle.
    eventBus: new events.EventBus(stack, 'Bus', { ...(encrypted && { kmsKey: encryptionKey }) }),
    source: 'shop.outbox',
    handler,
    ...(encrypted && { encryptionKey }),
    ...props,
  });
  return stack;
}

const synthesized = (given?: Given) => Template.fromStack(stackWith(given));
const queues = (template: Template) => {
  const all = Object.entries(resourcesOf(template, 'AWS::SQS::Queue'));
  const [main] = all.filter(([, { Properties }]) => Properties['RedrivePolicy'] !== undefined);
  const [dead] = all.filter(([, { Properties }]) => Properties['RedrivePolicy'] === undefined);
  if (main === undefined || dead === undefined) throw new Error('expected a queue and its dead-letter queue');
  return { queue: main[0], deadLetters: dead[0] };
};

test('the rule puts every event of the source into the queue, and what it cannot put there into the dead-letter queue', () => {
  const template = synthesized();
  const { queue, deadLetters } = queues(template);

  const { Properties } = theResource(template, 'AWS::Events::Rule');

  expect(Properties).toMatchObject({
    EventPattern: { source: ['shop.outbox'] },
    Targets: [
      {
        Arn: { 'Fn::GetAtt': [queue, 'Arn'] },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [deadLetters, 'Arn'] } },
      },
    ],
  });
  expect(Properties['EventPattern']).not.toHaveProperty('detail-type');
});

test('the rule can be limited to event types', () => {
  synthesized({ detailTypes: ['dish.rated'] }).hasResourceProperties('AWS::Events::Rule', {
    EventPattern: { source: ['shop.outbox'], 'detail-type': ['dish.rated'] },
  });
});

test('a message is hidden for six times the timeout of the function, and put aside after twenty deliveries', () => {
  const template = synthesized();
  const { deadLetters } = queues(template);

  template.hasResourceProperties('AWS::SQS::Queue', {
    VisibilityTimeout: 60,
    MessageRetentionPeriod: 14 * 24 * 3600,
    RedrivePolicy: { maxReceiveCount: 20, deadLetterTargetArn: { 'Fn::GetAtt': [deadLetters, 'Arn'] } },
  });
});

test('the function gets batches and may give back a part of one', () => {
  synthesized().hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    BatchSize: 10,
    Enabled: true,
    ScalingConfig: Match.absent(),
  });
  synthesized({ enabled: false, batchSize: 1, maxConcurrency: 5 }).hasResourceProperties(
    'AWS::Lambda::EventSourceMapping',
    { Enabled: false, BatchSize: 1, ScalingConfig: { MaximumConcurrency: 5 } },
  );
});

test('only this rule may send to the queues, and nobody without TLS', () => {
  const template = synthesized();
  const rule = theResource(template, 'AWS::Events::Rule').id;
  const policies = Object.values(resourcesOf(template, 'AWS::SQS::QueuePolicy'));

  expect(policies).toHaveLength(2);
  for (const { Properties } of policies) {
    const { Statement } = Properties['PolicyDocument'] as { Statement: { Effect: string }[] };
    expect(Statement.filter(({ Effect }) => Effect === 'Allow')).toEqual([
      expect.objectContaining({
        Action: 'sqs:SendMessage',
        Principal: { Service: 'events.amazonaws.com' },
        Condition: { ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [rule, 'Arn'] } } },
      }),
    ]);
    expect(Statement).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
  }
});

test('the function may only consume from its queue', () => {
  const template = synthesized();
  const { queue } = queues(template);
  const { Properties } = theResource(template, 'AWS::IAM::Policy');

  const { Statement } = Properties['PolicyDocument'] as { Statement: { Resource: unknown }[] };
  expect(Statement).toHaveLength(1);
  expect(Statement[0]?.Resource).toEqual({ 'Fn::GetAtt': [queue, 'Arn'] });
});

test('the queues are encrypted, with a key of SQS or with the given one, which the rule may then use', () => {
  const usual = synthesized();
  usual.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true });

  const template = synthesized({ encrypted: true });
  const key = theResource(template, 'AWS::KMS::Key');
  template.allResourcesProperties('AWS::SQS::Queue', { KmsMasterKeyId: { 'Fn::GetAtt': [key.id, 'Arn'] } });
  const { Name } = theResource(template, 'AWS::Events::Rule').Properties;
  const { Statement } = key.Properties['KeyPolicy'] as {
    Statement: { Principal: { Service?: string }; Action: unknown; Condition: unknown }[];
  };
  const ofEvents = Statement.filter(({ Principal }) => Principal.Service === 'events.amazonaws.com');
  expect(ofEvents.map(({ Action }) => Action)).toContainEqual(['kms:Decrypt', 'kms:GenerateDataKey']);
  expect(JSON.stringify(ofEvents)).toContain(`:rule/*${String(Name)}`);
});

test('alarms ring for dead letters and for a message that waits for longer than the given time', () => {
  const template = synthesized({ maximumAge: Duration.hours(1) });

  template.resourceCountIs('AWS::CloudWatch::Alarm', 2);
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'ApproximateNumberOfMessagesVisible',
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'ApproximateAgeOfOldestMessage',
    Threshold: 3600,
  });
});

test.each<Given>([{}, { encrypted: true }])(
  'cdk-nag has no finding about the construct with %j',
  (given) => {
    const app = new App();
    stackWith(given, app);
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    try {
      app.synth();
    } catch (error) {
      if ((error as Error).name !== 'ValidationFailed') throw error;
    }

    const { pluginReports } = JSON.parse(
      readFileSync(join(app.outdir, 'validation-report.json'), 'utf8'),
    ) as {
      pluginReports: {
        violations: { ruleName: string; violatingConstructs: { constructPath: string }[] }[];
      }[];
    };
    const findings = pluginReports.flatMap(({ violations }) =>
      violations.flatMap(({ ruleName, violatingConstructs }) =>
        violatingConstructs.map(({ constructPath }) => `${constructPath}: ${ruleName}`),
      ),
    );
    expect(findings).toEqual([]);
  },
  120_000,
);
