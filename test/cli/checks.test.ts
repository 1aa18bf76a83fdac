import { ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import type { Context } from '../../cli/action.ts';
import { checks } from '../../cli/checks.ts';

const schedule = checks.find(({ name }) => name === 'the schedules are enabled');
const context = (target: object) =>
  ({
    scheduler: new SchedulerClient({ region: 'us-east-1' }),
    target: {
      need: () => 'arn:aws:states:us-east-1:000000000000:stateMachine:shop-outbox-processor',
      ...target,
    },
  }) as unknown as Context;

test.each([
  [['ENABLED', 'ENABLED'], 'ok', /^lane-1, lane-2$/],
  [['ENABLED', 'DISABLED'], 'failed', /^lane-2 of lane-1, lane-2 disabled$/],
  [[], 'failed', /^there is none in the group shop-outbox$/],
] as const)('schedules with the states %j are %s', async (states, result, found) => {
  const scheduler = mockClient(SchedulerClient);
  scheduler
    .on(ListSchedulesCommand, { NamePrefix: 'shop-outbox-processor', GroupName: 'shop-outbox' })
    .resolves({ Schedules: states.map((State, index) => ({ Name: `lane-${index + 1}`, State })) });

  expect(await schedule?.look(context({}))).toMatchObject({ result, found: expect.stringMatching(found) });
});

test('the check of the schedules is skipped on the twin, which has no scheduler', async () => {
  expect(await schedule?.look(context({ localUrl: 'http://127.0.0.1:4566' }))).toMatchObject({
    result: 'skipped',
  });
});
