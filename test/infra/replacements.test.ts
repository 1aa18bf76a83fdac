import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { Config } from '../../infra/config.ts';
import { OutboxProcessorStack } from '../../infra/outbox-processor-stack.ts';
import { shared } from '../support/shared.ts';
import { givenBus, givenCluster } from './given.ts';
import { replacements, retainedNames } from './replacements.ts';
import { theResource } from './synthesized.ts';

const key = (id: string) => `arn:aws:kms:eu-central-1:123456789012:key/${id}`;

/** Two configurations that differ in one setting; other settings on one side are those that it requires. */
const changes: { readonly [Key in keyof Required<Config>]: readonly [Config, Config] } = {
  name: [{ name: 'outbox' }, { name: 'orders' }],
  clusterArn: [{}, givenCluster],
  clusterSecretArn: [
    givenCluster,
    { ...givenCluster, clusterSecretArn: givenCluster.clusterSecretArn.replace('owner', 'admin') },
  ],
  databaseName: [{}, { databaseName: 'bellyfed' }],
  minCapacity: [{}, { minCapacity: 1 }],
  maxCapacity: [{}, { maxCapacity: 8 }],
  engineVersion: [{}, { engineVersion: '18.1' }],
  encryptionKeyArn: [{}, { encryptionKeyArn: key('1') }],
  permissionsBoundaryArn: [{}, { permissionsBoundaryArn: 'arn:aws:iam::123456789012:policy/boundary' }],
  paused: [{}, { paused: true }],
  eventBusArn: [{}, givenBus],
  eventBusName: [{}, { eventBusName: 'orders' }],
  archiveRetentionDays: [{}, { archiveRetentionDays: 30 }],
  eventSource: [{}, { eventSource: 'orders' }],
  intervalMinutes: [{}, { intervalMinutes: 10 }],
  lanes: [{}, { lanes: 2 }],
  lingerSeconds: [{}, { lingerSeconds: 60 }],
  pollIntervalSeconds: [{ lingerSeconds: 60 }, { lingerSeconds: 60, pollIntervalSeconds: 5 }],
  batchSize: [{}, { batchSize: 100 }],
  inlinePayloadBytes: [{}, { inlinePayloadBytes: 0 }],
  publishChunkSize: [{}, { publishChunkSize: 10 }],
  publishConcurrency: [{}, { publishConcurrency: 10 }],
  accountConcurrency: [{}, { accountConcurrency: 10 }],
  reservedConcurrency: [{}, { reservedConcurrency: 40 }],
  publishRetries: [{}, { publishRetries: 1 }],
  maxAttempts: [{}, { maxAttempts: 4 }],
  leaseSeconds: [{}, { leaseSeconds: 400 }],
  backoffBaseSeconds: [{}, { backoffBaseSeconds: 20 }],
  backoffMaxSeconds: [{}, { backoffMaxSeconds: 600 }],
  outageDelaySeconds: [{}, { outageDelaySeconds: 60 }],
  outageLimitSeconds: [{}, { outageLimitSeconds: 3600 }],
  retentionDays: [{}, { retentionDays: 30 }],
  cleanupIntervalMinutes: [{}, { cleanupIntervalMinutes: 30 }],
  maximumEventAgeMinutes: [{}, { maximumEventAgeMinutes: 30 }],
  orderingOnFailure: [{}, { orderingOnFailure: 'continue' }],
  executionHistory: [{}, { executionHistory: 'off' }],
  logRetentionDays: [{}, { logRetentionDays: 90 }],
  alarmTopicArn: [{}, { alarmTopicArn: 'arn:aws:sns:eu-central-1:123456789012:alarms' }],
  runbookUrl: [{}, { runbookUrl: 'https://wiki.example/outbox' }],
};

const handlers = [
  'fetchbatch',
  'markfailed',
  'markprocessed',
  'markreplayed',
  'migrate',
  'publishevent',
  'purgeevents',
  'releasebatch',
  'replayevents',
  'requeueevents',
  'verifyredrive',
];
const alarms = [
  'cleanupbehind',
  'cleanupmissing',
  'databasecapacity',
  'deadletters',
  'eventslate',
  'eventsfailed',
  'functionerrors',
  'functionsthrottled',
  'keysblocked',
  'leaseslost',
  'nosuccessfulrun',
  'oldsnapshot',
  'runsfailed',
  'ticksdropped',
  'ticksthrottled',
];
const machines = ['cleanup', 'processor', 'redrive', 'replay'];
const vpc = ['1', '2'].flatMap((subnet) =>
  ['RouteTable', 'RouteTableAssociation', 'Subnet'].map((part) => `databaseSubnet${subnet}${part}`),
);

/**
 * Everything that is refused, replaced or removed when one setting changes, in either direction. These results are
 * intended. docs/deploy.md explains those for the cluster, the bus and the name.
 */
const expected: { readonly [Key in keyof Config]: readonly string[] } = {
  // The migration refuses the new name before any resource with it works: the database belongs to the old name.
  name: [
    'replaces OutboxBusEventBus',
    'replaces OutboxDashboard',
    'replaces OutboxSchedulesGroup',
    ...alarms.map((alarm) => `replaces OutboxAlarms${alarm}`),
    ...handlers.map((handler) => `replaces OutboxHandlers${handler}Function`),
    ...machines.flatMap((machine) =>
      ['Logs', 'StateMachine'].map((part) => `replaces Outboxoutbox${machine}${part}`),
    ),
    ...['outbox', 'orders'].flatMap((name) =>
      ['cleanup', 'processor'].map((schedule) => `removes OutboxSchedules${name}${schedule}`),
    ),
  ],
  databaseName: ['is refused: OutboxDatabaseCluster'],
  encryptionKeyArn: [
    'is refused: OutboxDatabaseCluster',
    'removes OutboxBusDeadLetterQueue',
    'removes OutboxBusDeadLetterQueuePolicy',
  ],
  clusterArn: [
    ...['', 'SecretAttachment', 'SecurityGroup', 'Subnets', 'writer'].map(
      (part) => `removes OutboxDatabaseCluster${part}`,
    ),
    'removes OutboxDatabaseVpc',
    ...vpc.map((part) => `removes OutboxDatabaseVpc${part}`),
    'removes appOutboxDatabaseClusterSecret',
  ],
  eventBusName: ['replaces OutboxBusEventBus'],
  eventBusArn: ['removes OutboxBusEventBus'],
  // The archive is removed together with its events.
  archiveRetentionDays: ['removes OutboxBusArchive'],
  lanes: ['removes OutboxSchedulesoutboxprocessor2'],
};

const templates = new Map<string, Template>();

// The construct in a stack that keeps its own name: in the app of this repository, outbox:name renames the stack.
function synthesize(config: Config): Template {
  const key = JSON.stringify(config);
  const template =
    templates.get(key) ?? Template.fromStack(new OutboxProcessorStack(new App(), 'app', { config }));
  templates.set(key, template);
  return template;
}

beforeAll(async () => {
  process.env['CDK_VALIDATION'] = 'false';
  await shared('bundles');
}, 60_000);

test.each(Object.keys(changes) as (keyof Config)[])(
  'a change of %s replaces and removes only what is expected',
  (setting) => {
    const [before, after] = changes[setting].map(synthesize) as [Template, Template];

    const found = new Set([...replacements(before, after), ...replacements(after, before)]);

    expect([...found].sort()).toEqual([...(expected[setting] ?? [])].sort());
  },
  30_000,
);

// Resources with rows or subscribers.
const precious = /^\w+ (is refused: )?Outbox(DatabaseCluster|BusEventBus|BusArchive)$|^is refused: /;

test('docs/deploy.md lists every setting of the cluster and the bus among those that are set once', () => {
  const deploy = readFileSync('docs/deploy.md', 'utf8');
  const [, section = ''] = /## Settings that are set once\n(.*?)\n## /s.exec(deploy) ?? [];
  const documented = [...section.matchAll(/^\| `outbox:(\w+)`/gm)].map(([, setting]) => setting);

  const concerned = Object.entries(expected)
    .filter(([, what]) => what.some((line) => precious.test(line)))
    .map(([setting]) => setting);

  expect(documented.sort()).toEqual(concerned.sort());
});

test('after a teardown, the names of the retained cluster and bus prevent a second deployment', () => {
  expect(retainedNames(synthesize({}))).toEqual(['OutboxBusEventBus', 'OutboxDatabaseCluster']);
  expect(retainedNames(synthesize({ ...givenCluster, ...givenBus }))).toEqual([]);
});

describe('a resource with its own name and rows', () => {
  test('a resource with its own name and rows keeps the name when the outbox is renamed', () => {
    const [before, after] = [{ name: 'outbox' }, { name: 'orders' }].map((config) =>
      theResource(synthesize(config), 'AWS::RDS::DBCluster'),
    );

    expect(before?.Properties['DBClusterIdentifier']).toMatch(/^app-outbox-database-[0-9a-f]{8}$/);
    expect(after?.Properties['DBClusterIdentifier']).toBe(before?.Properties['DBClusterIdentifier']);
  });

  test('a resource with its own name and rows has another name in another stack', () => {
    const names = ['orders', 'payments'].map((stackName) => {
      const stack = new OutboxProcessorStack(new App(), 'app', { config: {}, stackName });
      return theResource(Template.fromStack(stack), 'AWS::RDS::DBCluster').Properties['DBClusterIdentifier'];
    });

    expect(names[0]).not.toBe(names[1]);
  });
});
