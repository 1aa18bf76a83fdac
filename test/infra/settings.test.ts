import { beforeAll, describe, expect, test } from '@jest/globals';
import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import * as rds from 'aws-cdk-lib/aws-rds';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { checkSettings } from '../../infra/check-settings.ts';
import { OutboxProcessor } from '../../infra/outbox-processor.ts';
import type { OutboxProcessorProps } from '../../infra/outbox-processor-props.ts';
import type { ProcessorSettings } from '../../infra/processor-settings.ts';
import { shared } from '../support/shared.ts';

const { days, hours, minutes, seconds } = Duration;

describe('the settings', () => {
  test('all settings have defaults', () => {
    expect(checkSettings({})).toEqual({
      intervalMinutes: 1,
      cleanupIntervalMinutes: 60,
      maximumEventAgeMinutes: 5,
      batchSize: 200,
      publishConcurrency: 40,
      publishRetries: 2,
      maxAttempts: 8,
      leaseSeconds: 330,
      backoffBaseSeconds: 10,
      backoffMaxSeconds: 900,
      outageDelaySeconds: 30,
      outageLimitSeconds: 86_400,
      retentionDays: 7,
      inlinePayloadBytes: 240_000,
      publishChunkSize: 1,
      lanes: 1,
      lingerSeconds: 0,
      pollIntervalSeconds: 1,
    });
  });

  test('a lingering run has smaller batches, so that the last one fits', () => {
    expect(checkSettings({ linger: minutes(1) })).toMatchObject({ batchSize: 120, lingerSeconds: 60 });
    expect(checkSettings({ linger: seconds(20), batchSize: 200 })).toMatchObject({ batchSize: 200 });
  });

  test('a linger that is too short for a second fetch is refused', () => {
    expect(() => checkSettings({ linger: seconds(30), pollInterval: seconds(30) })).toThrow(
      'linger (outbox:lingerSeconds) is 30 seconds and pollInterval is not shorter: the run would end before its first check',
    );
  });

  test('a poll interval without linger is refused', () => {
    expect(() => checkSettings({ pollInterval: seconds(2) })).toThrow(
      'pollInterval (outbox:pollIntervalSeconds) is given without linger: only a run that lingers checks again',
    );
  });

  test.each<ProcessorSettings>([
    { batchSize: 1 },
    { batchSize: 200 },
    { publishConcurrency: 1 },
    { publishConcurrency: 40 },
    { publishRetries: 0 },
    { publishRetries: 3 },
    { maxAttempts: 1 },
    { maxAttempts: 1000 },
    { lease: seconds(305) },
    { lease: days(1) },
    { backoffMax: days(1) },
    { backoffBase: seconds(1), backoffMax: seconds(1) },
    { backoffBase: minutes(15) },
    { outageDelay: seconds(1) },
    { outageDelay: hours(1) },
    { outageLimit: seconds(1) },
    { outageLimit: days(30) },
    { retention: days(1) },
    { retention: hours(48) },
    { retention: days(3650) },
    { publishChunkSize: 1 },
    { publishChunkSize: 10 },
    { lanes: 10 },
    { linger: seconds(2) },
    { linger: minutes(4), pollInterval: minutes(1) },
    { interval: seconds(60) },
    { interval: days(1) },
    { cleanupInterval: minutes(5) },
    { cleanupInterval: days(1) },
  ])('the settings accept %j', (settings) => {
    expect(() => checkSettings(settings)).not.toThrow();
  });

  test.each<[ProcessorSettings, string]>([
    [{ batchSize: 0 }, 'batchSize is 0: expected 1 to 200 whole events'],
    [{ batchSize: 201 }, 'batchSize is 201: expected 1 to 200 whole events'],
    [{ batchSize: 1.5 }, 'batchSize is 1.5: expected 1 to 200 whole events'],
    [{ batchSize: Number.NaN }, 'batchSize is NaN: expected 1 to 200 whole events'],
    [{ publishConcurrency: 0 }, 'publishConcurrency is 0: expected 1 to 40 whole events at once'],
    [{ publishConcurrency: 41 }, 'publishConcurrency is 41: expected 1 to 40 whole events at once'],
    [{ publishRetries: -1 }, 'publishRetries is -1: expected 0 to 3 whole retries'],
    [{ publishRetries: 4 }, 'publishRetries is 4: expected 0 to 3 whole retries'],
    [{ maxAttempts: 0 }, 'maxAttempts is 0: expected 1 to 1000 whole attempts'],
    [{ maxAttempts: 1001 }, 'maxAttempts is 1001: expected 1 to 1000 whole attempts'],
    [{ lease: seconds(304) }, 'lease (outbox:leaseSeconds) is 304: expected 305 to 86400 whole seconds'],
    [{ lease: seconds(86_401) }, 'lease (outbox:leaseSeconds) is 86401: expected 305 to 86400 whole seconds'],
    [
      { backoffMax: seconds(0) },
      'backoffMax (outbox:backoffMaxSeconds) is 0: expected 1 to 86400 whole seconds',
    ],
    [
      { backoffMax: seconds(86_401) },
      'backoffMax (outbox:backoffMaxSeconds) is 86401: expected 1 to 86400 whole seconds',
    ],
    [
      { backoffBase: seconds(0) },
      'backoffBase (outbox:backoffBaseSeconds) is 0: expected 1 to 86400 whole seconds',
    ],
    [
      { backoffBase: seconds(61), backoffMax: minutes(1) },
      'backoffBase (outbox:backoffBaseSeconds) is 61: expected 1 to 60 whole seconds (backoffMax (outbox:backoffMaxSeconds) is the upper end)',
    ],
    [
      { outageDelay: seconds(0) },
      'outageDelay (outbox:outageDelaySeconds) is 0: expected 1 to 3600 whole seconds',
    ],
    [
      { outageDelay: seconds(3601) },
      'outageDelay (outbox:outageDelaySeconds) is 3601: expected 1 to 3600 whole seconds',
    ],
    [
      { outageLimit: seconds(0) },
      'outageLimit (outbox:outageLimitSeconds) is 0: expected 1 to 2592000 whole seconds',
    ],
    [
      { outageLimit: days(31) },
      'outageLimit (outbox:outageLimitSeconds) is 2678400: expected 1 to 2592000 whole seconds',
    ],
    [{ retention: days(0) }, 'retention (outbox:retentionDays) is 0: expected 1 to 3650 whole days'],
    [{ retention: hours(36) }, 'retention (outbox:retentionDays) is 1.5: expected 1 to 3650 whole days'],
    [{ retention: days(3651) }, 'retention (outbox:retentionDays) is 3651: expected 1 to 3650 whole days'],
    [{ inlinePayloadBytes: -1 }, 'inlinePayloadBytes is -1: expected 0 to 240000 whole bytes'],
    [{ publishChunkSize: 0 }, 'publishChunkSize is 0: expected 1 to 10 whole events'],
    [{ publishChunkSize: 11 }, 'publishChunkSize is 11: expected 1 to 10 whole events'],
    [{ lanes: 0 }, 'lanes is 0: expected 1 to 10 whole runs'],
    [{ lanes: 11 }, 'lanes is 11: expected 1 to 10 whole runs'],
    [
      { linger: Duration.millis(2_500) },
      'linger (outbox:lingerSeconds) is 2.5: expected 1 to 240 whole seconds',
    ],
    [{ linger: seconds(241) }, 'linger (outbox:lingerSeconds) is 241: expected 1 to 240 whole seconds'],
    [
      { linger: minutes(1), pollInterval: Duration.millis(500) },
      'pollInterval (outbox:pollIntervalSeconds) is 0.5: expected 1 to 60 whole seconds',
    ],
    [{ interval: seconds(30) }, 'interval (outbox:intervalMinutes) is 0.5: expected 1 to 1440 whole minutes'],
    [{ interval: seconds(90) }, 'interval (outbox:intervalMinutes) is 1.5: expected 1 to 1440 whole minutes'],
    [
      { interval: minutes(1441) },
      'interval (outbox:intervalMinutes) is 1441: expected 1 to 1440 whole minutes',
    ],
    [
      { cleanupInterval: minutes(4) },
      'cleanupInterval (outbox:cleanupIntervalMinutes) is 4: expected 5 to 1440 whole minutes',
    ],
    [
      { cleanupInterval: seconds(330) },
      'cleanupInterval (outbox:cleanupIntervalMinutes) is 5.5: expected 5 to 1440 whole minutes',
    ],
    [
      { cleanupInterval: minutes(1441) },
      'cleanupInterval (outbox:cleanupIntervalMinutes) is 1441: expected 5 to 1440 whole minutes',
    ],
  ])('the settings refuse %j', (settings, message) => {
    expect(() => checkSettings(settings)).toThrow(new Error(message));
  });
});

describe('the construct', () => {
  beforeAll(async () => {
    process.env['CDK_VALIDATION'] = 'false';
    await shared('bundles');
  }, 60_000);

  const create = (propsIn: (stack: Stack) => OutboxProcessorProps) => {
    const stack = new Stack(new App(), 'app');
    new OutboxProcessor(stack, 'Outbox', propsIn(stack));
    return Template.fromStack(stack);
  };
  const cluster = (stack: Stack) =>
    rds.DatabaseCluster.fromDatabaseClusterAttributes(stack, 'Cluster', { clusterIdentifier: 'bellyfed' });
  const clusterSecret = (stack: Stack) => Secret.fromSecretNameV2(stack, 'Secret', 'owner');

  test.each<[string, (stack: Stack) => OutboxProcessorProps, string]>([
    [
      'a cluster without its secret',
      (stack) => ({ cluster: cluster(stack) }),
      'cluster is given without clusterSecret: the migration needs credentials that may create roles',
    ],
    [
      'a secret without its cluster',
      (stack) => ({ clusterSecret: clusterSecret(stack) }),
      'clusterSecret is given without cluster: give both, or neither for a new cluster',
    ],
    [
      'a cluster without the name of its database',
      (stack) => ({ cluster: cluster(stack), clusterSecret: clusterSecret(stack) }),
      "cluster is given without databaseName: name the database that holds the application's own tables, because an event is written in the transaction that changes them",
    ],
    [
      'a given bus and a name for a new one',
      (stack) => ({ eventBus: EventBus.fromEventBusName(stack, 'Bus', 'orders'), eventBusName: 'orders' }),
      'eventBus and eventBusName are both given: eventBusName names a new bus, leave it out to use yours',
    ],
    [
      'a name that is no name of a bus',
      () => ({ eventBusName: 'a/b' }),
      'eventBusName is "a/b": expected 1 to 256 letters, digits and . - _, other than "default" and not beginning with "aws."',
    ],
    [
      'a source that EventBridge reserves',
      () => ({ eventSource: 'aws.orders' }),
      'eventSource is "aws.orders": expected 1 to 256 characters, not beginning with "aws.", which EventBridge reserves',
    ],
    [
      'an interval below a minute',
      () => ({ interval: seconds(59) }),
      `interval (outbox:intervalMinutes) is ${59 / 60}: expected 1 to 1440 whole minutes`,
    ],
    [
      'a retention of nothing',
      () => ({ retention: days(0) }),
      'retention (outbox:retentionDays) is 0: expected 1 to 3650 whole days',
    ],
    ['a batch of 201 events', () => ({ batchSize: 201 }), 'batchSize is 201: expected 1 to 200 whole events'],
    [
      'a backoff that begins beyond its end',
      () => ({ backoffBase: hours(1), backoffMax: minutes(1) }),
      'backoffBase (outbox:backoffBaseSeconds) is 3600: expected 1 to 60 whole seconds (backoffMax (outbox:backoffMaxSeconds) is the upper end)',
    ],
    [
      'batches whose worst case outlasts a run',
      () => ({ batchSize: 150, publishConcurrency: 10, publishRetries: 1 }),
      'a batch of 150 events, 10 at once with 1 retries, may take 333 seconds, and a run has 290: lower batchSize or publishRetries, or raise publishConcurrency',
    ],
    [
      'a linger after which a batch may outlast its run',
      () => ({ linger: minutes(1), batchSize: 200 }),
      'linger (outbox:lingerSeconds) is 60 seconds, and a batch of 200 events that begins after 32 may outlast its run: lower linger, batchSize or publishRetries',
    ],
    [
      'an event source of 257 characters',
      () => ({ eventSource: 'x'.repeat(257) }),
      `eventSource is "${'x'.repeat(257)}": expected 1 to 256 characters, not beginning with "aws.", which EventBridge reserves`,
    ],
    ...['', 'Outbox', '1outbox', 'my_outbox', 'x'.repeat(32)].map(
      (name): [string, () => OutboxProcessorProps, string] => [
        `"${name}" as a name`,
        () => ({ name }),
        `name is "${name}": expected 1 to 31 lower-case letters, digits and hyphens, a letter first`,
      ],
    ),
  ])('the construct refuses %s', (_, propsIn, message) => {
    expect(() => create(propsIn)).toThrow(new Error(message));
  });

  test('the construct accepts a name of 31 characters and a source of 256', () => {
    const name = 'x'.repeat(31);

    create(() => ({ name, eventSource: 'y'.repeat(256) })).hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: `${name}-publish-event`,
      Environment: { Variables: { EVENT_SOURCE: 'y'.repeat(256) } },
    });
  });

  test('the construct starts a run for each lane, each from its own schedule', () => {
    const schedules = create(() => ({ name: 'orders', lanes: 3 })).findResources('AWS::Scheduler::Schedule');

    expect(Object.values(schedules).map(({ Properties }) => Properties['Name'] as string)).toEqual([
      'orders-processor',
      'orders-processor-2',
      'orders-processor-3',
      'orders-cleanup',
    ]);
  });

  test('the construct passes the linger and the poll interval to the state machine', () => {
    create(() => ({
      linger: minutes(1),
      pollInterval: seconds(2),
      publishChunkSize: 10,
    })).hasResourceProperties('AWS::StepFunctions::StateMachine', {
      DefinitionSubstitutions: {
        LoopSeconds: '60',
        LingerSeconds: '60',
        PollIntervalSeconds: '2',
        PublishChunkSize: '10',
      },
    });
  });

  test('the schedule of the construct ticks at the given interval', () => {
    create(() => ({ interval: minutes(10) })).hasResourceProperties('AWS::Scheduler::Schedule', {
      Name: 'outbox-processor',
      ScheduleExpression: 'rate(10 minutes)',
    });
  });

  test.each<[OutboxProcessorProps, string]>([
    [{}, 'rate(1 hour)'],
    [{ lanes: 5 }, 'rate(1 hour)'],
    [{ lanes: 6 }, 'rate(30 minutes)'],
    [{ lanes: 6, cleanupInterval: hours(1) }, 'rate(1 hour)'],
    [{ cleanupInterval: minutes(5) }, 'rate(5 minutes)'],
    [{ cleanupInterval: days(1) }, 'rate(1 day)'],
  ])('the cleanup of the construct has its own interval: %j', (props, rate) => {
    create(() => props).hasResourceProperties('AWS::Scheduler::Schedule', {
      Name: 'outbox-cleanup',
      ScheduleExpression: rate,
    });
  });
});
