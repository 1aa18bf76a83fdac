import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { Config } from '../../infra/config.ts';
import { OutboxProcessorStack } from '../../infra/outbox-processor-stack.ts';
import { shared } from '../support/shared.ts';
import { environmentOf, ourFunctions } from './contract/wiring.ts';
import { givenBus, givenCluster } from './given.ts';
import { permissionsOf } from './permissions.ts';
import { type Resource, resourcesOf } from './synthesized.ts';

const clusters = { 'a new cluster': {}, 'a given cluster': givenCluster } as const;
const buses = { 'a new bus': {}, 'a given bus': givenBus } as const;
const histories = {
  all: { Level: 'ALL', IncludeExecutionData: true },
  'without-data': { Level: 'ALL', IncludeExecutionData: false },
  errors: { Level: 'ERROR', IncludeExecutionData: false },
  off: { Level: 'OFF', IncludeExecutionData: false },
} as const;
const partsOfDatabases = /^AWS::(RDS|EC2)::|^AWS::SecretsManager::SecretTargetAttachment$/;

beforeAll(async () => {
  process.env['CDK_VALIDATION'] = 'false';
  await shared('bundles');
}, 60_000);

function synthesize(config: Config): Template {
  return Template.fromStack(new OutboxProcessorStack(new App(), 'outbox', { config }));
}

function all(template: Template): Resource[] {
  return Object.values((template.toJSON() as { readonly Resources: Record<string, Resource> }).Resources);
}

const combinations = Object.entries(clusters).flatMap(([cluster, clusterConfig]) =>
  Object.entries(buses).map(([bus, busConfig]) => ({
    cluster,
    bus,
    config: { ...clusterConfig, ...busConfig },
  })),
);

describe.each(combinations)('$cluster with $bus', ({ cluster, bus, config }) => {
  test.each(Object.entries(histories))(
    'with the history "%s", only new resources are created and none for a given cluster or bus',
    (executionHistory, logging) => {
      const template = synthesize({
        ...config,
        executionHistory: executionHistory as keyof typeof histories,
      });

      const machines = Object.values(resourcesOf(template, 'AWS::StepFunctions::StateMachine'));
      expect(machines).toHaveLength(4);
      for (const { Properties } of machines)
        expect(Properties['LoggingConfiguration']).toMatchObject(logging);
      expect(Object.keys(ourFunctions(template))).toHaveLength(11);
      template.resourceCountIs('AWS::Events::EventBus', bus === 'a new bus' ? 1 : 0);
      template.resourceCountIs('AWS::RDS::DBCluster', cluster === 'a new cluster' ? 1 : 0);
      const parts = all(template).filter(({ Type }) => partsOfDatabases.test(Type));
      if (cluster === 'a given cluster') expect(parts).toEqual([]);
    },
    30_000,
  );
});

describe('a given cluster and bus', () => {
  let template: Template;

  beforeAll(() => {
    template = synthesize({ ...givenCluster, ...givenBus });
  }, 30_000);

  // The Data API reaches only clusters in its own region and account, so these are always those of the stack.
  const cluster = 'arn:<Partition>:rds:<Region>:<AccountId>:cluster:bellyfed';

  test('every function uses the given cluster and bus', () => {
    for (const [handler, properties] of Object.entries(ourFunctions(template))) {
      const { CLUSTER_ARN, DATABASE_NAME, SECRET_ARN } = environmentOf(properties);
      expect(JSON.stringify(CLUSTER_ARN)).toContain(':cluster:bellyfed"');
      expect(DATABASE_NAME).toBe('bellyfed');
      if (handler === 'migrate') expect(SECRET_ARN).toBe(givenCluster.clusterSecretArn);
      else expect(SECRET_ARN).toEqual({ Ref: expect.stringMatching(/ProcessorSecret/) });
    }
    expect(environmentOf(ourFunctions(template)['publish-event'] ?? {})['EVENT_BUS_NAME']).toBe(
      givenBus.eventBusArn,
    );
  });

  test('only the given cluster and bus may be used', () => {
    const permissions = Object.values(permissionsOf(template)).flat();
    const resourcesFor = (service: string) =>
      new Set(permissions.filter((text) => text.startsWith(service)).map((text) => text.split(' on ')[1]));

    expect(resourcesFor('rds-data:')).toEqual(new Set([cluster]));
    expect(resourcesFor('events:')).toEqual(new Set([givenBus.eventBusArn]));
    expect(resourcesFor('secretsmanager:')).toEqual(
      new Set([
        givenCluster.clusterSecretArn,
        'OutboxDatabaseUsersOperatorSecret',
        'OutboxDatabaseUsersProcessorSecret',
        'OutboxDatabaseUsersProducerSecret',
      ]),
    );
  });

  test('the given cluster and bus are in the outputs and on the dashboard', () => {
    template.hasOutput('EventBusName', { Value: givenBus.eventBusArn });
    expect(JSON.stringify(template.findOutputs('ClusterArn'))).toContain(':cluster:bellyfed"');
    expect(JSON.stringify(resourcesOf(template, 'AWS::CloudWatch::Dashboard'))).toContain(
      'DBClusterIdentifier\\",\\"bellyfed\\"',
    );
  });

  test('the stack never contains the given cluster and bus, so it cannot change or delete them', () => {
    const changing = all(template).filter(({ Type }) =>
      /^AWS::(RDS|EC2)::|^AWS::Events::|ResourcePolicy$|RotationSchedule$/.test(Type),
    );

    expect(changing).toEqual([]);
  });
});
