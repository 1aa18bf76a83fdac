import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { contextKeys, readConfig } from '../../infra/config.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

/** Every key with its value in the CLI and its value in the app. */
const everyKey: readonly (readonly [key: string, given: string, read: string | number | boolean])[] = [
  ['name', 'staging-outbox', 'staging-outbox'],
  ['clusterArn', ...twice('arn:aws:rds:eu-central-1:123456789012:cluster:bellyfed')],
  ['clusterSecretArn', ...twice('arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:a/owner-AbCdEf')],
  ['databaseName', ...twice('bellyfed_2')],
  ['minCapacity', '0', 0],
  ['maxCapacity', '8.5', 8.5],
  ['engineVersion', ...twice('17.9')],
  ['encryptionKeyArn', ...twice('arn:aws:kms:eu-central-1:123456789012:key/1f2e-3d')],
  ['permissionsBoundaryArn', ...twice('arn:aws:iam::123456789012:policy/boundary')],
  ['paused', 'true', true],
  ['eventBusArn', ...twice('arn:aws:events:eu-central-1:123456789012:event-bus/bellyfed-events')],
  ['eventBusName', ...twice('bellyfed-events')],
  ['archiveRetentionDays', '30', 30],
  ['eventSource', ...twice('bellyfed.outbox')],
  ['intervalMinutes', '10', 10],
  ['lanes', '2', 2],
  ['lingerSeconds', '60', 60],
  ['pollIntervalSeconds', '2', 2],
  ['batchSize', '100', 100],
  ['inlinePayloadBytes', '0', 0],
  ['publishChunkSize', '10', 10],
  ['publishConcurrency', '20', 20],
  ['accountConcurrency', '10', 10],
  ['reservedConcurrency', '40', 40],
  ['publishRetries', '0', 0],
  ['maxAttempts', '5', 5],
  ['leaseSeconds', '400', 400],
  ['backoffBaseSeconds', '20', 20],
  ['backoffMaxSeconds', '600', 600],
  ['outageDelaySeconds', '60', 60],
  ['outageLimitSeconds', '3600', 3600],
  ['retentionDays', '14', 14],
  ['cleanupIntervalMinutes', '30', 30],
  ['maximumEventAgeMinutes', '30', 30],
  ['orderingOnFailure', ...twice('continue')],
  ['executionHistory', ...twice('without-data')],
  ['logRetentionDays', '90', 90],
  ['alarmTopicArn', ...twice('arn:aws:sns:eu-central-1:123456789012:on-call')],
  ['runbookUrl', ...twice('https://wiki.example/outbox')],
];

function twice(text: string): [string, string] {
  return [text, text];
}

describe('the configuration', () => {
  test('the configuration is empty when the context is empty', () => {
    expect(readConfig({})).toEqual({});
  });

  test('the configuration is read from texts, as the CLI passes them', () => {
    const context = Object.fromEntries(everyKey.map(([key, given]) => [`outbox:${key}`, given]));

    expect(readConfig(context)).toEqual(Object.fromEntries(everyKey.map(([key, , read]) => [key, read])));
  });

  test('the configuration is also read from numbers, as cdk.json may contain them', () => {
    expect(readConfig({ 'outbox:batchSize': 100, 'outbox:publishRetries': 0 })).toEqual({
      batchSize: 100,
      publishRetries: 0,
    });
  });

  test('the configuration ignores the context of other tools', () => {
    expect(readConfig({ '@aws-cdk/core:x': true, 'outbox-2:name': 'x', outbox: {} })).toEqual({});
  });

  test('the configuration has exactly these keys', () => {
    expect([...contextKeys].sort()).toEqual(everyKey.map(([key]) => `outbox:${key}`).sort());
  });

  test('the keys of the configuration are exactly those in docs/deploy.md', async () => {
    const text = await readFile(join(project, 'docs', 'deploy.md'), 'utf8');
    const named = new Set([...text.matchAll(/outbox:(\w+)/g)].map(([, key]) => key));

    expect([...named].sort()).toEqual(everyKey.map(([key]) => key).sort());
  });
});

describe('a mistake in the configuration', () => {
  test('an unknown key is reported with all allowed keys', () => {
    expect(() => readConfig({ 'outbox:batchsize': '100' })).toThrow(
      new Error(`unknown context outbox:batchsize: allowed are ${contextKeys.join(', ')}`),
    );
  });

  test.each<[string, unknown, string]>([
    ['batchSize', 'many', 'expected 1 to 200 whole events'],
    ['batchSize', '', 'expected 1 to 200 whole events'],
    ['batchSize', '10 events', 'expected 1 to 200 whole events'],
    ['batchSize', '201', 'expected 1 to 200 whole events'],
    ['publishRetries', null, 'expected 0 to 3 whole retries'],
    ['publishRetries', false, 'expected 0 to 3 whole retries'],
    ['maxAttempts', [8], 'expected 1 to 1000 whole attempts'],
    ['maxAttempts', '1e999', 'expected 1 to 1000 whole attempts'],
    ['intervalMinutes', '0.5', 'expected 1 to 1440 whole minutes'],
    ['intervalMinutes', '-5', 'expected 1 to 1440 whole minutes'],
    ['leaseSeconds', '330.5', 'expected 305 to 86400 whole seconds'],
    ['leaseSeconds', '10', 'expected 305 to 86400 whole seconds'],
    ['backoffBaseSeconds', '0', 'expected 1 to 86400 whole seconds'],
    ['retentionDays', '0', 'expected 1 to 3650 whole days'],
    ['cleanupIntervalMinutes', 'hourly', 'expected 5 to 1440 whole minutes'],
    ['minCapacity', 'half', 'expected a number'],
    ['name', '', 'expected 1 to 31 lower-case letters, digits and hyphens, a letter first'],
    ['name', 'My_Outbox', 'expected 1 to 31 lower-case letters, digits and hyphens, a letter first'],
    ['name', 7, 'expected 1 to 31 lower-case letters, digits and hyphens, a letter first'],
    ['clusterArn', 'bellyfed', 'expected the arn of an aurora cluster'],
    [
      'clusterArn',
      'arn:aws:rds:eu-central-1:123456789012:db:writer',
      'expected the arn of an aurora cluster',
    ],
    [
      'clusterSecretArn',
      'arn:aws:secretsmanager:eu-central-1:123456789012:secret:owner',
      'expected the complete arn of a secret, with its 6 characters at the end',
    ],
    ['databaseName', 'Bellyfed', 'expected a lower-case name'],
    ['eventBusArn', 'bellyfed-events', 'expected the arn of an event bus'],
    [
      'eventSource',
      '',
      'expected 1 to 256 characters, not beginning with "aws.", which EventBridge reserves',
    ],
    [
      'eventSource',
      'aws.orders',
      'expected 1 to 256 characters, not beginning with "aws.", which EventBridge reserves',
    ],
    [
      'eventBusName',
      'default',
      'expected 1 to 256 letters, digits and . - _, other than "default" and not beginning with "aws."',
    ],
    ['paused', 'yes', 'expected true or false'],
    ['engineVersion', '17', 'expected a full version such as 17.7'],
    ['encryptionKeyArn', 'alias/outbox', 'expected the arn of a kms key'],
    ['permissionsBoundaryArn', 'boundary', 'expected the arn of a managed policy'],
    ['orderingOnFailure', 'skip', 'Invalid option: expected one of "block"|"continue"'],
    ['executionHistory', 'some', 'Invalid option: expected one of "all"|"without-data"|"errors"|"off"'],
    ['alarmTopicArn', 'arn:aws:sqs:eu-central-1:123456789012:on-call', 'expected the arn of an sns topic'],
    ...['', 'docs/operations.md', 'https://wiki.example/outbox#top'].map((url): [string, unknown, string] => [
      'runbookUrl',
      url,
      'expected an absolute url such as https://wiki.example/outbox, without a #',
    ]),
  ])(
    '%s = %j is reported in one sentence with the key, the value and what is allowed',
    (key, value, allowed) => {
      expect(() => readConfig({ [`outbox:${key}`]: value })).toThrow(
        new Error(`context outbox:${key} is ${JSON.stringify(value)}: ${allowed}`),
      );
    },
  );

  test('a wrong retention of logs is reported with the days that CloudWatch accepts', () => {
    expect(() => readConfig({ 'outbox:logRetentionDays': '31' })).toThrow(
      /^context outbox:logRetentionDays is "31": expected one of 1, 3, 5, 7, 14, 30, .*3653/,
    );
  });

  test.each(['batchSize', 'leaseSeconds', 'name'])('a key without its prefix is reported: %s', (key) => {
    expect(() => readConfig({ [key]: '10' })).toThrow(
      new Error(`context ${key} is not read: write outbox:${key}`),
    );
  });

  test('all mistakes in a configuration are reported together', () => {
    expect(() => readConfig({ 'outbox:batchSize': 'x', 'outbox:maxAttempts': 'y', 'outbox:z': 1 })).toThrow(
      /^context outbox:batchSize is "x": [^\n]+\ncontext outbox:maxAttempts is "y": [^\n]+\nunknown context outbox:z: [^\n]+$/,
    );
  });
});

describe('the app of cdk.json', () => {
  test.each([
    ['outbox:batchSize', 'many', 'context outbox:batchSize is "many": expected 1 to 200 whole events'],
    ['leaseSeconds', '400', 'context leaseSeconds is not read: write outbox:leaseSeconds'],
    [
      'outbox:clusterArn',
      'arn:aws:rds:eu-central-1:123456789012:cluster:bellyfed',
      'cluster is given without clusterSecret: the migration needs credentials that may create roles',
    ],
  ])(
    'the app with %s = %s exits with 1, one sentence and no stack trace',
    async (key, value, sentence) => {
      const folder = await mkdtemp(join(tmpdir(), 'outbox-config-'));
      try {
        expect(await runApp(folder, { [key]: value })).toEqual({
          code: 1,
          stdout: '',
          stderr: `${sentence}\n`,
        });
        expect(await readdir(folder)).not.toContain('manifest.json');
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    60_000,
  );
});

async function runApp(folder: string, context: Readonly<Record<string, string>>) {
  const { app } = JSON.parse(await readFile(join(project, 'cdk.json'), 'utf8')) as { readonly app: string };
  const [, ...parameters] = app.split(' ');
  const env = { PATH: process.env['PATH'], CDK_OUTDIR: folder, CDK_CONTEXT_JSON: JSON.stringify(context) };
  const run = promisify(execFile)(process.execPath, parameters, { cwd: project, env });
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}
