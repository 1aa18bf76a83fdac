import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { databaseEnvironment } from '../support/handler.ts';

Object.assign(process.env, databaseEnvironment, {
  AWS_REGION: 'us-east-1',
  EVENT_BUS_NAME: 'bellyfed-events',
});
const { busCheck, dataApi, publisher } = await import('../../lambdas/runtime/clients.ts');

const rdsData = mockClient(RDSDataClient);
const eventBridge = mockClient(EventBridgeClient);

interface SentBy {
  readonly config: {
    readonly maxAttempts: () => Promise<number>;
    readonly requestHandler: { readonly configProvider: Promise<object> };
  };
}

beforeEach(() => {
  rdsData.reset();
  eventBridge.reset();
  rdsData.onAnyCommand().resolves({});
  eventBridge.onAnyCommand().resolves({ Entries: [{ EventId: 'eb-1' }] });
});

describe.each([
  ['the database', rdsData, () => dataApi(2_500).query('select 1')],
  ['the bus', eventBridge, () => publisher(2_500).publish([{ Source: 's', DetailType: 't', Detail: '{}' }])],
  ['the look at the bus', eventBridge, () => busCheck(2_500)('arn:execution')],
])('the client of %s', (_, mock, call) => {
  test('the SDK client never retries a call by itself, because the state machine retries', async () => {
    await call();

    const client = mock.call(0).thisValue as SentBy;
    expect(await client.config.maxAttempts()).toBe(1);
  });

  test('the SDK client throws after its timeout, where the SDK by default would only warn', async () => {
    await call();

    const client = mock.call(0).thisValue as SentBy;
    expect(await client.config.requestHandler.configProvider).toMatchObject({
      connectionTimeout: 1_000,
      requestTimeout: 2_500,
      throwOnRequestTimeout: true,
    });
  });
});
