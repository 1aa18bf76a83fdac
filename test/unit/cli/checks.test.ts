import { GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import type { Context } from '../../../cli/action.ts';
import { checks } from '../../../cli/checks.ts';

const schedule = checks.find(({ name }) => name === 'the schedule is enabled');
const context = (target: object) =>
  ({
    scheduler: new SchedulerClient({ region: 'us-east-1' }),
    target: {
      need: () => 'arn:aws:states:us-east-1:000000000000:stateMachine:shop-outbox-processor',
      ...target,
    },
  }) as unknown as Context;

test.each([
  ['ENABLED', 'ok'],
  ['DISABLED', 'failed'],
] as const)('a schedule that is %s is %s', async (State, result) => {
  const scheduler = mockClient(SchedulerClient);
  scheduler
    .on(GetScheduleCommand, { Name: 'shop-outbox-processor', GroupName: 'shop-outbox' })
    .resolves({ State, ScheduleExpression: 'rate(1 minute)' });

  expect(await schedule?.look(context({}))).toMatchObject({ result });
});

test('the twin has no scheduler to ask', async () => {
  expect(await schedule?.look(context({ localUrl: 'http://127.0.0.1:4566' }))).toMatchObject({
    result: 'skipped',
  });
});
