import { DescribeEventBusCommand, EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  BatchExecuteStatementCommand,
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  RDSDataClient,
  RollbackTransactionCommand,
} from '@aws-sdk/client-rds-data';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  DescribeExecutionCommand,
  ListStateMachinesCommand,
  SFNClient,
  StartExecutionCommand,
  StartSyncExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { AwsError } from '../../../../twin/http/aws-error.ts';
import type { Operations } from '../../../../twin/http/aws-protocols.ts';
import { accessKeyId } from '../../../../twin/services/iam/access-key.ts';
import { createAdmission } from '../../../../twin/services/iam/admission.ts';
import type { Principal } from '../../../../twin/services/iam/authorize.ts';
import type { FunctionResource } from '../../../../twin/template/function.ts';
import { clientOptions, startLocalAws } from '../../../support/local-aws.ts';

const work: FunctionResource = {
  key: 'work',
  functionName: 'shop-work',
  arn: 'arn:aws:lambda:us-east-1:000000000000:function:shop-work',
  codeFolder: '',
  handler: '',
  timeoutSeconds: 1,
  memoryMiB: 128,
  environment: {},
  roleArn: 'arn:aws:iam::000000000000:role/Work',
};
const resourceArn = 'arn:aws:rds:us-east-1:000000000000:cluster:shop';
const secretArn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:shop';
const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:run';
const executionArn = 'arn:aws:states:us-east-1:000000000000:execution:run:1';
const busArn = (name: string) => `arn:aws:events:us-east-1:000000000000:event-bus/${name}`;
const functionArn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
const target = { resourceArn, secretArn, database: 'shop' };
const transaction = { resourceArn, secretArn, transactionId: 't' };
const entry = (EventBusName?: string) => ({ EventBusName, Source: 's', DetailType: 'd', Detail: '{}' });

let endpoint: Awaited<ReturnType<typeof startLocalAws>>;
let asked: [principal: Principal, action: string, resource: string][];
let granted: boolean;

beforeAll(async () => {
  const anything: Operations = new Proxy(
    {},
    {
      getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: undefined }),
      get: () => async () => ({}),
    },
  );
  endpoint = await startLocalAws(
    {
      rdsData: anything,
      eventBridge: anything,
      stepFunctions: anything,
      secretsManager: anything,
      lambda: { invoke: async () => ({ payload: '{}' }) },
    },
    createAdmission([work], (principal, action, resource, status) => {
      asked.push([principal, action, resource]);
      if (!granted) throw new AwsError('AccessDeniedException', 'not authorized', status);
    }),
  );
});
afterAll(() => endpoint.close());
beforeEach(() => {
  asked = [];
  granted = true;
});

const optionsOf = (accessKey: string) => ({
  ...clientOptions(endpoint.url),
  credentials: { accessKeyId: accessKey, secretAccessKey: 'local' },
});
const clients = (accessKey = accessKeyId(work)) => ({
  rdsData: new RDSDataClient(optionsOf(accessKey)),
  events: new EventBridgeClient(optionsOf(accessKey)),
  lambda: new LambdaClient(optionsOf(accessKey)),
  states: new SFNClient({ ...optionsOf(accessKey), disableHostPrefix: true }),
  secrets: new SecretsManagerClient(optionsOf(accessKey)),
});
type Clients = ReturnType<typeof clients>;

const rdsData = (action: string) => [
  [`rds-data:${action}`, resourceArn],
  ['secretsmanager:GetSecretValue', secretArn],
];

describe('permissions that a function call requires', () => {
  test.each<[string, (clients: Clients) => Promise<unknown>, string[][]]>([
    [
      'a statement and the secret it signs in with',
      ({ rdsData }) => rdsData.send(new ExecuteStatementCommand({ ...target, sql: 'select 1' })),
      rdsData('ExecuteStatement'),
    ],
    [
      'a batch of statements',
      ({ rdsData }) => rdsData.send(new BatchExecuteStatementCommand({ ...target, sql: 'select 1' })),
      rdsData('BatchExecuteStatement'),
    ],
    [
      'beginning a transaction',
      ({ rdsData }) => rdsData.send(new BeginTransactionCommand(target)),
      rdsData('BeginTransaction'),
    ],
    [
      'committing a transaction',
      ({ rdsData }) => rdsData.send(new CommitTransactionCommand(transaction)),
      rdsData('CommitTransaction'),
    ],
    [
      'rolling back a transaction',
      ({ rdsData }) => rdsData.send(new RollbackTransactionCommand(transaction)),
      rdsData('RollbackTransaction'),
    ],
    [
      'every bus of the entries, whether it exists or not',
      ({ events }) =>
        events.send(new PutEventsCommand({ Entries: [entry('a'), entry(busArn('b')), entry()] })),
      ['a', 'b', 'default'].map((name) => ['events:PutEvents', busArn(name)]),
    ],
    [
      'describing a bus',
      ({ events }) => events.send(new DescribeEventBusCommand({ Name: 'a' })),
      [['events:DescribeEventBus', busArn('a')]],
    ],
    [
      'invoking a function by its name',
      ({ lambda }) => lambda.send(new InvokeCommand({ FunctionName: 'other' })),
      [['lambda:InvokeFunction', functionArn('other')]],
    ],
    [
      'invoking a version of a function',
      ({ lambda }) => lambda.send(new InvokeCommand({ FunctionName: functionArn('other:1') })),
      [['lambda:InvokeFunction', functionArn('other:1')]],
    ],
    [
      'starting an execution',
      ({ states }) => states.send(new StartExecutionCommand({ stateMachineArn })),
      [['states:StartExecution', stateMachineArn]],
    ],
    [
      'starting a synchronous execution',
      ({ states }) => states.send(new StartSyncExecutionCommand({ stateMachineArn })),
      [['states:StartSyncExecution', stateMachineArn]],
    ],
    [
      'describing an execution',
      ({ states }) => states.send(new DescribeExecutionCommand({ executionArn })),
      [['states:DescribeExecution', executionArn]],
    ],
    [
      'listing the state machines',
      ({ states }) => states.send(new ListStateMachinesCommand({})),
      [['states:ListStateMachines', 'arn:aws:states:us-east-1:000000000000:stateMachine:*']],
    ],
    [
      'reading a secret by its name',
      ({ secrets }) => secrets.send(new GetSecretValueCommand({ SecretId: 'shop' })),
      [['secretsmanager:GetSecretValue', secretArn]],
    ],
  ])('the required permission is checked for %s', async (_, send, expected) => {
    await send(clients());

    const principal = { roleArn: work.roleArn, session: work.functionName };
    expect(asked).toEqual(expected.map(([action, resource]) => [principal, action, resource]));
  });
});

describe('AccessDeniedException', () => {
  test.each<[string, number, (clients: Clients) => Promise<unknown>]>([
    ['the Data API', 403, ({ rdsData }) => rdsData.send(new BeginTransactionCommand(target))],
    ['Lambda', 403, ({ lambda }) => lambda.send(new InvokeCommand({ FunctionName: 'other' }))],
    ['EventBridge', 400, ({ events }) => events.send(new PutEventsCommand({ Entries: [entry('a')] }))],
    ['Step Functions', 400, ({ states }) => states.send(new StartExecutionCommand({ stateMachineArn }))],
    ['Secrets Manager', 400, ({ secrets }) => secrets.send(new GetSecretValueCommand({ SecretId: 'shop' }))],
  ])('%s refuses a call with AccessDeniedException and status %i', async (_, httpStatusCode, send) => {
    granted = false;

    await expect(send(clients())).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: 'not authorized',
      $metadata: { httpStatusCode },
    });
  });
});

test("a call with the administrator's credentials is not checked", async () => {
  granted = false;
  const { rdsData, events } = clients('AKIAIOSFODNN7EXAMPLE');

  await rdsData.send(new BeginTransactionCommand(target));
  await events.send(new PutEventsCommand({ Entries: [entry('a')] }));
  const unsigned = await fetch(`${endpoint.url}/BeginTransaction`, { method: 'POST', body: '{}' });

  expect([unsigned.status, asked]).toEqual([200, []]);
});
