import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { checkSettings } from '../../infra/check-settings.ts';
import { OutboxProcessor } from '../../infra/outbox-processor.ts';
import type { OutboxProcessorProps } from '../../infra/outbox-processor-props.ts';
import { IAM_WAIT_MS, WAIT_MS } from '../../lambdas/runtime/wait-until-available.ts';
import { shared } from '../support/shared.ts';
import { ourFunctions } from './contract/wiring.ts';
import { resourcesOf, synthesized, theResource } from './synthesized.ts';

beforeAll(async () => {
  process.env['CDK_VALIDATION'] = 'false';
  await shared('bundles');
}, 60_000);

function templateOf(propsIn: (stack: Stack) => OutboxProcessorProps, context = {}): Template {
  const stack = new Stack(new App({ context }), 'app');
  new OutboxProcessor(stack, 'Outbox', propsIn(stack));
  return Template.fromStack(stack);
}

const schedulesOf = (template: Template) => Object.values(resourcesOf(template, 'AWS::Scheduler::Schedule'));

describe('the role of the schedules', () => {
  test('the role of the schedules has its policy before the first schedule fires', async () => {
    const template = await synthesized();
    const [policy] = Object.entries(resourcesOf(template, 'AWS::IAM::Policy')).find(([, { Properties }]) =>
      JSON.stringify(Properties['Roles']).includes('SchedulesRole'),
    ) ?? [''];

    expect(schedulesOf(template)).toHaveLength(2);
    for (const { DependsOn } of schedulesOf(template)) expect(DependsOn).toContain(policy);
  });

  test('only the schedules of its group can assume the role of the schedules', async () => {
    const template = await synthesized();
    const { id: group } = theResource(template, 'AWS::Scheduler::ScheduleGroup');

    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          Match.objectLike({
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: {
              StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
              ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [group, 'Arn'] } },
            },
          }),
        ],
      },
    });
  });
});

describe('the timeouts of a migration', () => {
  test('the timeouts of a migration nest: waiting < function < trigger < the provider of the trigger', async () => {
    const template = await synthesized();
    const { Properties: trigger } = theResource(template, 'Custom::Trigger');
    const provider = Object.entries(resourcesOf(template, 'AWS::Lambda::Function')).find(([id]) =>
      id.startsWith('AWSCDKTrigger'),
    );
    const seconds = [
      IAM_WAIT_MS / 1000,
      WAIT_MS / 1000,
      Number(ourFunctions(template)['migrate']?.['Timeout']),
      Number(trigger['Timeout']) / 1000,
      Number(provider?.[1].Properties['Timeout']),
    ];

    expect(seconds).toEqual([90, 420, 540, 600, 900]);
    expect(seconds).toEqual(seconds.toSorted((one, other) => one - other));
  });
});

describe('an account with few concurrent executions', () => {
  test.each([
    [{ accountConcurrency: 10 }, { publishConcurrency: 9, batchSize: 45 }],
    [
      { accountConcurrency: 10, lanes: 2 },
      { publishConcurrency: 4, batchSize: 20 },
    ],
    [
      { accountConcurrency: 10, linger: Duration.seconds(60) },
      { publishConcurrency: 4, batchSize: 12 },
    ],
    [{ accountConcurrency: 1000 }, { publishConcurrency: 40, batchSize: 200 }],
    [{}, { publishConcurrency: 40, batchSize: 200 }],
  ])('an account with few executions gets settings that fit each other: %j', (settings, fitting) => {
    expect(checkSettings(settings)).toMatchObject(fitting);
  });

  test('an account with few executions gets batches whose worst case fits a run', () => {
    expect(() => templateOf(() => ({ accountConcurrency: 5 }))).not.toThrow();
    expect(() => templateOf(() => ({ accountConcurrency: 10, linger: Duration.seconds(60) }))).not.toThrow();
  });

  test.each([
    [
      { accountConcurrency: 10, publishConcurrency: 20 },
      'accountConcurrency is 10: 1 runs at once with 20 publishers each need 21 executions: lower publishConcurrency or lanes, or ask AWS for a higher quota',
    ],
    [
      { accountConcurrency: 10, lanes: 6 },
      'accountConcurrency is 10: 6 runs at once with 1 publishers each need 12 executions: lower publishConcurrency or lanes, or ask AWS for a higher quota',
    ],
    [{ accountConcurrency: 4 }, 'accountConcurrency is 4: expected 5 to 1000000 whole executions'],
    [
      { reservedConcurrency: 39 },
      'reservedConcurrency is 39: 1 lanes with 40 publishers each need at least 40 executions',
    ],
  ])('settings that exceed the executions of the account are refused: %j', (settings, message) => {
    expect(() => checkSettings(settings)).toThrow(new Error(message));
  });

  test('the publisher can have reserved executions', () => {
    const functions = ourFunctions(templateOf(() => ({ reservedConcurrency: 40 })));

    expect(functions['publish-event']?.['ReservedConcurrentExecutions']).toBe(40);
    expect(functions['fetch-batch']).not.toHaveProperty('ReservedConcurrentExecutions');
  });
});

describe('a permissions boundary', () => {
  test('a permissions boundary applies to every role of the stack, including the one that runs the migration', () => {
    const template = templateOf((stack) => ({
      permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', 'boundary'),
    }));
    const roles = Object.values(resourcesOf(template, 'AWS::IAM::Role'));

    expect(roles.length).toBeGreaterThan(12);
    for (const { Properties } of roles)
      expect(JSON.stringify(Properties['PermissionsBoundary'])).toContain(':policy/boundary');
  });
});

describe('a customer managed key', () => {
  const template = () => templateOf((stack) => ({ encryptionKey: new kms.Key(stack, 'Key') }));

  test('a customer managed key encrypts everything that contains events, passwords or logs', () => {
    const made = template();
    const key = { 'Fn::GetAtt': [theResource(made, 'AWS::KMS::Key').id, 'Arn'] };
    const encrypted: readonly (readonly [type: string, property: string, count: number])[] = [
      ['AWS::RDS::DBCluster', 'KmsKeyId', 1],
      ['AWS::SecretsManager::Secret', 'KmsKeyId', 4],
      ['AWS::Logs::LogGroup', 'KmsKeyId', 15],
      ['AWS::SQS::Queue', 'KmsMasterKeyId', 2],
      ['AWS::Events::EventBus', 'KmsKeyIdentifier', 1],
    ];

    for (const [type, property, count] of encrypted) {
      const resources = Object.values(resourcesOf(made, type));
      expect([type, resources.length]).toEqual([type, count]);
      for (const { Properties } of resources) expect([type, Properties[property]]).toEqual([type, key]);
    }
  });

  test('a customer managed key also encrypts the archive of the bus, without a circular dependency', () => {
    const made = templateOf((stack) => ({
      encryptionKey: new kms.Key(stack, 'Key'),
      archiveRetention: Duration.days(7),
    }));
    const { id, Properties } = theResource(made, 'AWS::KMS::Key');

    made.hasResourceProperties('AWS::Events::Archive', {
      KmsKeyIdentifier: { 'Fn::GetAtt': [id, 'Arn'] },
    });
    expect(JSON.stringify(Properties['KeyPolicy'])).toContain(
      'kms:EncryptionContext:aws:events:event-bus:arn',
    );
  });

  test('a customer managed key allows the services that write, and the bus gets a dead-letter queue', () => {
    const made = template();
    const policy = JSON.stringify(theResource(made, 'AWS::KMS::Key').Properties['KeyPolicy']);

    expect(policy).toContain('events.amazonaws.com');
    expect(policy).toContain('kms:EncryptionContext:aws:logs:arn');
    made.hasResourceProperties('AWS::Events::EventBus', {
      DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('BusDeadLetterQueue'), 'Arn'] } },
    });
  });
});

describe('a new bus', () => {
  test('a new bus is retained when the stack is deleted, except after a failed first deployment', async () => {
    (await synthesized()).hasResource('AWS::Events::EventBus', {
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
    });
  });

  test('a new bus is archived on request', async () => {
    (await synthesized({ archiveRetentionDays: 30 })).hasResourceProperties('AWS::Events::Archive', {
      RetentionDays: 30,
    });
    (await synthesized()).resourceCountIs('AWS::Events::Archive', 0);
  });
});

describe('the properties of a new cluster', () => {
  test('a new cluster has no automatic minor upgrades', async () => {
    (await synthesized()).hasResourceProperties('AWS::RDS::DBInstance', { AutoMinorVersionUpgrade: false });
  });

  test('a new cluster has the given capacity and version', async () => {
    const template = await synthesized({ minCapacity: 0, maxCapacity: 8.5, engineVersion: '17.9' });

    template.hasResourceProperties('AWS::RDS::DBCluster', {
      EngineVersion: '17.9',
      ServerlessV2ScalingConfiguration: { MinCapacity: 0, MaxCapacity: 8.5 },
    });
  });

  test.each([
    [{ minCapacity: 0.3 }, 'minCapacity is 0.3: expected 0 to 256 in steps of 0.5'],
    [
      { minCapacity: 4, maxCapacity: 2 },
      'maxCapacity is 2: expected 1 to 256 in steps of 0.5, and not below minCapacity (4)',
    ],
  ])('a new cluster with a capacity that Aurora does not have is refused: %j', async (config, message) => {
    await expect(synthesized(config)).rejects.toThrow(new Error(message));
  });
});

describe('a paused deployment', () => {
  test('a paused deployment has its schedules disabled', async () => {
    for (const { Properties } of schedulesOf(await synthesized({ paused: true })))
      expect(Properties['State']).toBe('DISABLED');
  });
});

describe('the feature flags of an app', () => {
  // With this flag, a function that adds a statement to its role creates a separate policy, for which no schedule and
  // no migration waits. CDK does this for tracing, whose permissions may come late.
  // and no migration waits for. CDK does so for tracing, which may come late.
  test('feature flags do not move needed permissions to policies for which no resource waits', () => {
    const flags = { '@aws-cdk/aws-lambda:createNewPoliciesWithAddToRolePolicy': true };
    const usual = resourcesOf(
      templateOf(() => ({})),
      'AWS::IAM::Policy',
    );
    const split = Object.entries(
      resourcesOf(
        templateOf(() => ({}), flags),
        'AWS::IAM::Policy',
      ),
    ).filter(([id]) => !(id in usual));

    const actions = split.flatMap(([, { Properties }]) =>
      (Properties['PolicyDocument'] as { Statement: { Action: string[] }[] }).Statement.flatMap(
        ({ Action }) => Action,
      ),
    );
    expect(new Set(actions)).toEqual(new Set(['xray:PutTraceSegments', 'xray:PutTelemetryRecords']));
  });
});

describe('grantEnqueue', () => {
  test('grantEnqueue works for a role of another stack, also with a customer managed key', () => {
    const app = new App();
    const outboxStack = new Stack(app, 'outbox');
    const outbox = new OutboxProcessor(outboxStack, 'Outbox', {
      encryptionKey: new kms.Key(outboxStack, 'Key'),
    });
    const shop = new Stack(app, 'shop');
    const checkout = new iam.Role(shop, 'Checkout', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    });

    outbox.grantEnqueue(checkout).assertSuccess();

    const policy = JSON.stringify(resourcesOf(Template.fromStack(shop), 'AWS::IAM::Policy'));
    for (const action of ['rds-data:ExecuteStatement', 'secretsmanager:GetSecretValue', 'kms:Decrypt'])
      expect(policy).toContain(action);
    expect(policy).toContain('Fn::ImportValue');
  });
});
