import { DescribeEventBusCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { checkBus, isElsewhere, regionOf } from '../../outbox/check-bus.ts';
import { BusMissing } from '../../outbox/errors.ts';
import { networkError, serviceError } from '../support/service-error.ts';

const client = new EventBridgeClient({ region: 'us-east-1' });
const eventBridge = mockClient(client);

beforeEach(() => {
  eventBridge.reset();
  eventBridge.on(DescribeEventBusCommand).resolves({ Name: 'bellyfed-events' });
});

describe('the bus', () => {
  const runId = 'arn:aws:states:eu-central-1:123456789012:express:outbox-processor:run:1';
  const check = (busName = 'bellyfed-events') => checkBus(client, busName, runId);

  test('a bus that exists is described by its name, and no reason is returned', async () => {
    expect(await check()).toBeUndefined();
    expect(eventBridge.commandCalls(DescribeEventBusCommand).map(({ args }) => args[0].input)).toEqual([
      { Name: 'bellyfed-events' },
    ]);
  });

  test.each([
    ['its own account and region', 'arn:aws:events:eu-central-1:123456789012:event-bus/central', 1],
    ['another account', 'arn:aws:events:eu-central-1:999999999999:event-bus/central', 0],
    ['another region', 'arn:aws:events:eu-west-1:123456789012:event-bus/central', 0],
  ])(
    'a bus of %s that is given by its ARN is described only if DescribeEventBus can find it',
    async (_, arn, calls) => {
      expect(await check(arn)).toBeUndefined();
      expect(eventBridge.commandCalls(DescribeEventBusCommand)).toHaveLength(calls);
    },
  );

  test('a missing bus is an error, because EventBridge would accept and drop the events', async () => {
    const cause = serviceError('ResourceNotFoundException', 400);
    eventBridge.on(DescribeEventBusCommand).rejects(cause);

    const error: unknown = await check().catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(BusMissing);
    expect(error).toMatchObject({
      message: 'event bus bellyfed-events does not exist: create it again, until then nothing is claimed',
      cause,
    });
  });

  test.each([
    serviceError('AccessDeniedException', 400),
    serviceError('ThrottlingException', 400),
    serviceError('InternalException', 500),
    serviceError('TimeoutError'),
    networkError('ENOTFOUND'),
  ])('a bus that cannot be described (%s) stops nothing, and the reason is returned', async (cause) => {
    eventBridge.on(DescribeEventBusCommand).rejects(cause);

    const name = 'code' in cause ? cause.code : cause.name;
    expect(await check()).toBe(`${name}: ${cause.message}`);
  });
});

describe('a bus', () => {
  const ours = 'arn:aws:states:us-east-1:000000000000:express:outbox-processor:run';

  test.each([
    ['orders', undefined, false],
    ['arn:aws:events:us-east-1:000000000000:event-bus/orders', 'us-east-1', false],
    ['arn:aws:events:us-east-1:999999999999:event-bus/orders', 'us-east-1', true],
    ['arn:aws:events:eu-west-1:000000000000:event-bus/orders', 'eu-west-1', true],
  ])('called %s is in the region %s, and elsewhere: %s', (bus, region, elsewhere) => {
    expect(regionOf(bus)).toBe(region);
    expect(isElsewhere(bus, ours)).toBe(elsewhere);
  });
});
