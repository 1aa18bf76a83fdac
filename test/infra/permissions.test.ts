import { beforeAll, describe, expect, test } from '@jest/globals';
import { permissionsOf } from './permissions.ts';
import { synthesized } from './synthesized.ts';

let permissions: Record<string, string[]>;

beforeAll(async () => {
  permissions = permissionsOf(await synthesized());
}, 60_000);

const cluster = 'arn:<Partition>:rds:<Region>:<AccountId>:cluster:OutboxDatabaseCluster';
const ownerSecret = 'OutboxDatabaseClusterSecretAttachment';
const [processorSecret, producerSecret, operatorSecret] = [
  'OutboxDatabaseUsersProcessorSecret',
  'OutboxDatabaseUsersProducerSecret',
  'OutboxDatabaseUsersOperatorSecret',
];

const ofEveryFunction = (handler: string) => [
  `logs:CreateLogStream on OutboxHandlers${handler}Logs`,
  `logs:PutLogEvents on OutboxHandlers${handler}Logs`,
  'xray:PutTelemetryRecords on *',
  'xray:PutTraceSegments on *',
];
const ofEveryStep = (handler: string) => [
  ...ofEveryFunction(handler),
  `rds-data:ExecuteStatement on ${cluster}`,
  `secretsmanager:GetSecretValue on ${processorSecret}`,
];
// The permissions that AWS documents for vended logs and for tracing; none of them accepts a resource.
const ofEveryMachine = [
  ...['CreateLogDelivery', 'DeleteLogDelivery', 'DescribeLogGroups', 'DescribeResourcePolicies'],
  ...['GetLogDelivery', 'ListLogDeliveries', 'PutResourcePolicy', 'UpdateLogDelivery'],
].map((action) => `logs:${action} on *`);
const traced = ['GetSamplingRules', 'GetSamplingTargets', 'PutTelemetryRecords', 'PutTraceSegments'].map(
  (action) => `xray:${action} on *`,
);
const invoking = (...handlers: readonly string[]) => [
  ...handlers.map((handler) => `lambda:InvokeFunction on OutboxHandlers${handler}Function:*`),
  ...ofEveryMachine,
  ...traced,
];

describe('the permissions of the roles', () => {
  test.each<[role: string, permissions: readonly string[]]>([
    [
      'OutboxHandlersfetchbatchRole',
      [...ofEveryStep('fetchbatch'), 'events:DescribeEventBus on OutboxBusEventBus'],
    ],
    [
      'OutboxHandlerspublisheventRole',
      [...ofEveryStep('publishevent'), 'events:PutEvents on OutboxBusEventBus'],
    ],
    ['OutboxHandlersmarkprocessedRole', ofEveryStep('markprocessed')],
    ['OutboxHandlersmarkfailedRole', ofEveryStep('markfailed')],
    ['OutboxHandlersreleasebatchRole', ofEveryStep('releasebatch')],
    ['OutboxHandlersrequeueeventsRole', ofEveryStep('requeueevents')],
    ['OutboxHandlersverifyredriveRole', ofEveryStep('verifyredrive')],
    [
      'OutboxHandlersreplayeventsRole',
      [
        ...ofEveryStep('replayevents'),
        'events:DescribeEventBus on OutboxBusEventBus',
        'events:PutEvents on OutboxBusEventBus',
      ],
    ],
    ['OutboxHandlersmarkreplayedRole', ofEveryStep('markreplayed')],
    ['OutboxHandlerspurgeeventsRole', ofEveryStep('purgeevents')],
    [
      'OutboxHandlersmigrateRole',
      [
        ...ofEveryFunction('migrate'),
        ...['BeginTransaction', 'CommitTransaction', 'ExecuteStatement', 'RollbackTransaction'].map(
          (call) => `rds-data:${call} on ${cluster}`,
        ),
        ...[ownerSecret, processorSecret, producerSecret, operatorSecret].map(
          (secret) => `secretsmanager:GetSecretValue on ${secret}`,
        ),
      ],
    ],
    [
      'OutboxoutboxprocessorRole',
      invoking('fetchbatch', 'publishevent', 'markprocessed', 'markfailed', 'releasebatch'),
    ],
    [
      'OutboxoutboxredriveRole',
      [
        ...invoking('requeueevents', 'verifyredrive'),
        'states:StartSyncExecution on OutboxoutboxprocessorStateMachine',
      ],
    ],
    [
      'OutboxoutboxreplayRole',
      [
        ...invoking('replayevents', 'markreplayed'),
        'states:StartSyncExecution on OutboxoutboxprocessorStateMachine',
      ],
    ],
    ['OutboxoutboxcleanupRole', invoking('purgeevents')],
    [
      'OutboxSchedulesRole',
      [
        'sqs:SendMessage on OutboxSchedulesDeadLetterQueue',
        'states:StartExecution on OutboxoutboxcleanupStateMachine',
        'states:StartExecution on OutboxoutboxprocessorStateMachine',
      ],
    ],
    [
      // The role of the CDK that runs the migration.
      'AWSCDKTriggerCustomResourceProviderCustomResourceProviderRole',
      [
        'all of arn:<Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole',
        'lambda:InvokeFunction on OutboxHandlersmigrateFunction:*',
      ],
    ],
  ])('%s has only the permissions that it needs', (role, needed) => {
    expect(permissions[role]).toEqual([...needed].sort());
  });

  test('every role has an expected permission list', () => {
    expect(Object.keys(permissions)).toHaveLength(17);
  });

  test('permissions to use the database are limited to this cluster', () => {
    const resources = rolesThatMay('rds-data:').map(([, permission]) => permission.split(' on ')[1]);

    expect(new Set(resources)).toEqual(new Set([cluster]));
  });

  test('only the migration may read the secret of the database owner', () => {
    expect(rolesThatMay(ownerSecret).map(([role]) => role)).toEqual(['OutboxHandlersmigrateRole']);
  });

  test('only the migration may read the secret of the producer until a role is granted it', () => {
    expect(rolesThatMay(producerSecret).map(([role]) => role)).toEqual(['OutboxHandlersmigrateRole']);
  });

  test('no permission has a wildcard in its action', () => {
    expect(rolesThatMay('').filter(([, permission]) => permission.split(' on ')[0]?.includes('*'))).toEqual(
      [],
    );
  });
});

/** The roles and those of their permissions that contain a text. */
function rolesThatMay(text: string): [role: string, permission: string][] {
  return Object.entries(permissions).flatMap(([role, all]) =>
    all
      .filter((permission) => permission.includes(text))
      .map((permission): [string, string] => [role, permission]),
  );
}
