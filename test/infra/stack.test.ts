import { beforeAll, describe, expect, test } from '@jest/globals';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { outputs } from '../../infra/outputs.ts';
import { resourcesOf, synthesized, theResource } from './synthesized.ts';

let template: Template;

beforeAll(async () => {
  template = await synthesized();
}, 60_000);

describe('the state machines', () => {
  test.each([
    ['outbox-processor', 'EXPRESS'],
    ['outbox-cleanup', 'EXPRESS'],
    // The console has a Redrive button only for Standard executions.
    ['outbox-redrive', 'STANDARD'],
    ['outbox-replay', 'STANDARD'],
  ])(
    '%s is %s and traced, and logs everything with data, so that the console can draw every run',
    (name, type) => {
      template.hasResourceProperties('AWS::StepFunctions::StateMachine', {
        StateMachineName: name,
        StateMachineType: type,
        TracingConfiguration: { Enabled: true },
        LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: true },
      });
    },
  );

  test('the state machines log to a prefix that needs no resource policy, and keep logs for a month', () => {
    const machines = Object.values(resourcesOf(template, 'AWS::StepFunctions::StateMachine'));
    const groups = resourcesOf(template, 'AWS::Logs::LogGroup');

    expect(machines).toHaveLength(4);
    for (const { Properties } of machines) {
      const [logGroup] =
        JSON.stringify(Properties['LoggingConfiguration']).match(/(?<="Fn::GetAtt":\[")\w+/) ?? [];
      expect(groups[logGroup ?? '']?.Properties).toMatchObject({
        LogGroupName: `/aws/vendedlogs/states/${Properties['StateMachineName']}`,
        RetentionInDays: 30,
      });
    }
  });
});

describe('the schedules', () => {
  const schedules = () => Object.values(resourcesOf(template, 'AWS::Scheduler::Schedule'));

  test.each([
    ['outbox-processor', 'rate(1 minute)'],
    ['outbox-cleanup', 'rate(1 hour)'],
  ])('the schedules start %s at %s with an empty object', (name, rate) => {
    const [machine] = Object.entries(resourcesOf(template, 'AWS::StepFunctions::StateMachine')).filter(
      ([, { Properties }]) => Properties['StateMachineName'] === name,
    );

    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      Name: name,
      ScheduleExpression: rate,
      FlexibleTimeWindow: { Mode: 'OFF' },
      State: 'ENABLED',
      Target: { Arn: { Ref: machine?.[0] }, Input: '{}' },
    });
  });

  test('the schedules retry a lost tick twice within a minute and then send it to the dead-letter queue', () => {
    const { id: queue } = theResource(template, 'AWS::SQS::Queue');

    expect(schedules()).toHaveLength(2);
    for (const { Properties } of schedules()) {
      expect(Properties['Target']).toMatchObject({
        RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 60 },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [queue, 'Arn'] } },
      });
    }
  });

  test('the schedules are in their own group, which is created before them', () => {
    const group = theResource(template, 'AWS::Scheduler::ScheduleGroup');

    for (const { Properties, DependsOn } of schedules()) {
      expect(Properties['GroupName']).toBe(group.Properties['Name']);
      expect(DependsOn).toContain(group.id);
    }
  });

  test('the schedules begin after the migration of the database', () => {
    const { id: migration } = theResource(template, 'Custom::Trigger');

    for (const { DependsOn } of schedules()) expect(DependsOn).toContain(migration);
  });

  test('the schedules have the prefix that the stack is given', async () => {
    const renamed = await synthesized({ name: 'other' });

    renamed.hasResourceProperties('AWS::Scheduler::Schedule', {
      Name: 'other-processor',
      GroupName: 'other',
    });
  });
});

describe('the migration', () => {
  test('the migration runs after the database exists and when its handler changes, and can fail the deployment', () => {
    const { Properties, DependsOn } = theResource(template, 'Custom::Trigger');
    const { id: cluster } = theResource(template, 'AWS::RDS::DBCluster');
    const { id: writer } = theResource(template, 'AWS::RDS::DBInstance');
    const handler = (Properties['HandlerArn'] as { Ref: string }).Ref;

    expect(DependsOn).toEqual(expect.arrayContaining([cluster, writer]));
    expect(Properties).toMatchObject({ InvocationType: 'RequestResponse', ExecuteOnHandlerChange: true });
    expect(handler).toMatch(/migrateFunctionCurrentVersion/);
  });
});

describe('the database', () => {
  test('the database is Aurora PostgreSQL 17 with the Data API, encrypted, and is not deleted with the stack', () => {
    template.hasResource('AWS::RDS::DBCluster', {
      Properties: {
        Engine: 'aurora-postgresql',
        EngineVersion: Match.stringLikeRegexp('^17\\.'),
        EnableHttpEndpoint: true,
        StorageEncrypted: true,
        DeletionProtection: true,
        DatabaseName: 'outbox',
      },
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
  });

  test('the database is serverless v2, not public, and never pauses because it is polled every minute', () => {
    template.hasResourceProperties('AWS::RDS::DBInstance', {
      DBInstanceClass: 'db.serverless',
      PubliclyAccessible: false,
    });
    const { Properties } = theResource(template, 'AWS::RDS::DBCluster');
    expect(Properties['ServerlessV2ScalingConfiguration']).toMatchObject({ MinCapacity: 0.5 });
  });

  test('the database is in a network without access to the internet', () => {
    template.resourceCountIs('AWS::EC2::NatGateway', 0);
    template.resourceCountIs('AWS::EC2::InternetGateway', 0);
  });
});

describe('the functions', () => {
  const ours = () =>
    Object.values(resourcesOf(template, 'AWS::Lambda::Function')).filter(
      ({ Properties }) => Properties['FunctionName'] !== undefined,
    );

  test('all functions run their bundle on Node.js 24 on arm64 and are traced', () => {
    expect(ours().length).toBeGreaterThanOrEqual(9);
    for (const { Properties } of ours()) {
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        TracingConfig: { Mode: 'Active' },
      });
    }
  });

  test('functions that must answer within seconds have 512 MB, for more CPU, and the others 256 MB', () => {
    const sizes = ours().map(({ Properties }) => [
      Properties['FunctionName'],
      Properties['MemorySize'],
      Number(Properties['Timeout']) <= 5 ? 512 : 256,
    ]);

    expect(sizes.filter(([, size]) => size === 512)).toHaveLength(6);
    expect(sizes.map(([name, size]) => [name, size])).toEqual(
      sizes.map(([name, , needed]) => [name, needed]),
    );
  });

  test('every function has its own log group, which keeps logs for a month', () => {
    const groups = resourcesOf(template, 'AWS::Logs::LogGroup');
    const used = ours().map(
      ({ Properties }) => (Properties['LoggingConfig'] as { LogGroup: { Ref: string } }).LogGroup.Ref,
    );

    expect(new Set(used).size).toBe(ours().length);
    for (const id of used) expect(groups[id]?.Properties['RetentionInDays']).toBe(30);
  });

  test.each([
    ['publish-event', 'put events', /publishevent/, 'events:PutEvents'],
    ['fetch-batch', 'look at the bus', /fetchbatch/, 'events:DescribeEventBus'],
  ])('only %s and replay-events may %s, and only on the bus of the outbox', (_, __, policyId, action) => {
    const { id: bus } = theResource(template, 'AWS::Events::EventBus');
    const granted = Object.entries(resourcesOf(template, 'AWS::IAM::Policy')).filter(([, policy]) =>
      JSON.stringify(policy).includes(action),
    );

    expect(granted.map(([id]) => id)).toEqual([
      expect.stringMatching(policyId),
      expect.stringMatching(/replayevents/),
    ]);
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          { Action: action, Effect: 'Allow', Resource: { 'Fn::GetAtt': [bus, 'Arn'] } },
        ]),
      },
    });
  });
});

describe('the outputs', () => {
  test.each(Object.entries(outputs))('the output %s exists', (name, { meaning }) => {
    template.hasOutput(name, { Value: Match.anyValue(), Description: meaning });
  });
});
