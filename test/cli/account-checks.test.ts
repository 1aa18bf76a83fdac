import { DescribeEventBusCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  GetAccountSettingsCommand,
  GetFunctionConcurrencyCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import { GetScheduleCommand, ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { DescribeStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Duration } from 'aws-cdk-lib';
import { mockClient } from 'aws-sdk-client-mock';
import { accountChecks } from '../../cli/account-checks.ts';
import type { Context } from '../../cli/action.ts';
import { look } from '../../cli/commands/doctor.ts';
import { checkSettings } from '../../infra/check-settings.ts';
import { processorDefinition } from '../../infra/processor-definition.ts';
import type { ProcessorSettings } from '../../infra/processor-settings.ts';
import { serviceError } from '../support/service-error.ts';

const [eventBridge, lambda, scheduler, stepFunctions] = [
  mockClient(EventBridgeClient),
  mockClient(LambdaClient),
  mockClient(SchedulerClient),
  mockClient(SFNClient),
];
const processorArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:shop-outbox-processor';
const publisher = 'arn:aws:lambda:us-east-1:000000000000:function:shop-outbox-publish-event';
const region = { region: 'us-east-1' };

const context = (target: object = {}) =>
  ({
    eventBridge: new EventBridgeClient(region),
    lambda: new LambdaClient(region),
    scheduler: new SchedulerClient(region),
    stepFunctions: new SFNClient(region),
    target: {
      place: 'AWS',
      need: (name: string) => (name === 'eventBusName' ? 'orders' : processorArn),
      ...target,
    },
  }) as unknown as Context;

async function find(name: string, target?: object) {
  const check = accountChecks.find((each) => each.name === name);
  if (check === undefined) throw new Error(`no check is called ${name}`);
  return look(check, context(target));
}

/** The definition as it is deployed with these settings. */
function deployed(settings: ProcessorSettings): string {
  const { definition, settings: values } = processorDefinition(checkSettings(settings));
  const filled = { ...values, PublishEventFunctionArn: `${publisher}:7` };
  return definition.replaceAll(/\$\{(\w+)\}/g, (all, key: keyof typeof filled) => filled[key] ?? all);
}

afterEach(() => {
  for (const client of [eventBridge, lambda, scheduler, stepFunctions]) client.reset();
});

describe('the concurrency of the account', () => {
  function given(settings: ProcessorSettings, unreserved: number, reserved?: number) {
    const lanes = Array.from({ length: settings.lanes ?? 1 }, (_, n) => ({ Name: `lane-${n + 1}` }));
    stepFunctions.on(DescribeStateMachineCommand).resolves({ definition: deployed(settings) });
    scheduler
      .on(ListSchedulesCommand, { GroupName: 'shop-outbox', NamePrefix: 'shop-outbox-processor' })
      .resolves({ Schedules: lanes });
    lambda
      .on(GetFunctionConcurrencyCommand, { FunctionName: publisher })
      .resolves(reserved === undefined ? {} : { ReservedConcurrentExecutions: reserved });
    lambda.on(GetAccountSettingsCommand).resolves({
      AccountLimit: { ConcurrentExecutions: 1_000, UnreservedConcurrentExecutions: unreserved },
    });
  }
  const name = 'Lambda has room for the publishers';

  test.each<[string, ProcessorSettings, number, number | undefined, string]>([
    ['one run', {}, 41, undefined, '41 of 41 unreserved executions may be needed at once'],
    [
      'a preset account',
      { accountConcurrency: 10 },
      10,
      undefined,
      '10 of 10 unreserved executions may be needed at once',
    ],
    ['a reservation', { lanes: 2 }, 10, 80, '2 of 10 unreserved executions may be needed at once'],
  ])('a concurrency that is enough for %s passes', async (_, settings, unreserved, reserved, found) => {
    given(settings, unreserved, reserved);

    expect(await find(name)).toEqual({ result: 'ok', found });
  });

  test.each<[string, ProcessorSettings, number, number | undefined, string, RegExp]>([
    [
      'a new account',
      {},
      10,
      undefined,
      '41 of 10 unreserved executions may be needed at once',
      /outbox:accountConcurrency=10/,
    ],
    [
      'three lanes',
      { lanes: 3 },
      122,
      undefined,
      '123 of 122 unreserved executions may be needed at once',
      /=122/,
    ],
    [
      'runs that overlap',
      { linger: Duration.minutes(1) },
      81,
      undefined,
      '82 of 81 unreserved executions may be needed at once',
      /=81/,
    ],
    [
      'a small reservation',
      { lanes: 2 },
      1_000,
      79,
      '79 executions are reserved for 80 publishers',
      /reservedConcurrency/,
    ],
  ])(
    'a concurrency that is too low for %s is reported with the setting to change',
    async (_, settings, unreserved, reserved, found, remedy) => {
      given(settings, unreserved, reserved);

      expect(await find(name)).toEqual({ result: 'failed', found, remedy: expect.stringMatching(remedy) });
    },
  );
});

describe('a bus', () => {
  const name = 'the bus keeps what it cannot encrypt';
  const KmsKeyIdentifier = 'arn:aws:kms:us-east-1:000000000000:key/1';
  const queue = 'arn:aws:sqs:us-east-1:000000000000:dead-letters';

  test.each([
    ['without a key of the customer', {}, 'ok', 'it is encrypted with a key of AWS'],
    ['with a key and a queue', { KmsKeyIdentifier, DeadLetterConfig: { Arn: queue } }, 'ok', `in ${queue}`],
    [
      'with a key and no queue',
      { KmsKeyIdentifier, DeadLetterConfig: {} },
      'failed',
      /has no dead-letter queue: .* are lost$/,
    ],
  ])('the check of the dead-letter queue of a bus %s is correct', async (_, described, result, found) => {
    eventBridge.on(DescribeEventBusCommand, { Name: 'orders' }).resolves(described);

    expect(await find(name)).toMatchObject({ result, found: expect.stringMatching(found) });
  });

  test('the check of the dead-letter queue is skipped for a bus of another account', async () => {
    const central = 'arn:aws:events:us-east-1:999999999999:event-bus/central';
    const need = (what: string) => (what === 'eventBusName' ? central : processorArn);

    expect(await find(name, { need })).toMatchObject({ result: 'skipped' });
    expect(eventBridge.calls()).toEqual([]);
  });
});

describe('the schedules', () => {
  const name = 'the schedules have no end';
  const [past, future] = [new Date('2020-01-31T09:00:00Z'), new Date('2999-01-31T09:00:00Z')];

  test.each([
    ['have no dates', {}, 'ok', '2 schedules, none has ended'],
    ['end one day', { StartDate: past, EndDate: future }, 'ok', '2 schedules, none has ended'],
    ['have ended', { EndDate: past }, 'failed', 'shop-outbox-cleanup has ended at 2020-01-31T09:00:00.000Z'],
    [
      'have not begun',
      { StartDate: future },
      'failed',
      'shop-outbox-cleanup begins at 2999-01-31T09:00:00.000Z',
    ],
  ])('schedules that %s are checked, including that of the cleanup', async (_, dates, result, found) => {
    const names = ['shop-outbox-processor', 'shop-outbox-cleanup'];
    scheduler
      .on(ListSchedulesCommand, { GroupName: 'shop-outbox' })
      .resolves({ Schedules: names.map((Name) => ({ Name })) });
    scheduler.on(GetScheduleCommand, { Name: names[0] }).resolves({ Name: names[0] });
    scheduler.on(GetScheduleCommand, { Name: names[1] }).resolves({ Name: names[1], ...dates });

    expect(await find(name)).toMatchObject({ result, found });
  });
});

test.each(accountChecks.map(({ name }) => name))('a check is skipped on the twin: %s', async (name) => {
  expect(await find(name, { localUrl: 'http://127.0.0.1:4566' })).toMatchObject({
    result: 'skipped',
    found: expect.stringMatching(/^not checked on the twin: /),
  });
});

test.each([
  [
    'named by AWS',
    'User: arn:aws:iam::000000000000:user/ada is not authorized to perform: scheduler:ListSchedules on resource: x because no identity-based policy allows it',
    'not checked: no permission for scheduler:ListSchedules',
  ],
  ['that AWS does not name', 'Access denied', 'not checked: no permission: Access denied'],
])(
  'a permission %s that the operator lacks skips the check and is not an error of the outbox',
  async (_, message, found) => {
    scheduler.on(ListSchedulesCommand).rejects(serviceError('AccessDeniedException', 403, message));

    expect(await find('the schedules have no end')).toEqual({ result: 'skipped', found });
  },
);
