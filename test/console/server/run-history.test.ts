import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { beforeEach, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import type { RunSummary } from '../../../console/api.ts';
import type { Connection } from '../../../console/server/connection.ts';
import type { DescribedMachine } from '../../../console/server/machines.ts';
import { createHistories } from '../../../console/server/run-history.ts';

const logs = mockClient(CloudWatchLogsClient);
const machine: DescribedMachine = {
  arn: 'arn:aws:states:us-east-1:1:stateMachine:outbox-processor',
  name: 'outbox-processor',
  role: 'processor',
  type: 'EXPRESS',
  definition: {},
  logGroupName: '/states/outbox-processor',
  history: 'all',
};
const arn = 'arn:aws:states:us-east-1:1:express:outbox-processor:a:1';
const startedAt = Date.now() - 5_000;
const listed: RunSummary = {
  arn,
  machineArn: machine.arn,
  name: 'a',
  status: 'SUCCEEDED',
  startedAt: new Date(startedAt).toISOString(),
  stoppedAt: new Date(startedAt + 1_000).toISOString(),
};

const types = ['ExecutionStarted', 'PassStateEntered', 'PassStateExited', 'ExecutionSucceeded'];
const line = (id: number) => ({
  message: JSON.stringify({
    id: String(id),
    type: types[id - 1],
    previous_event_id: String(id - 1),
    event_timestamp: String(startedAt + id),
    execution_arn: arn,
  }),
});

beforeEach(() => {
  logs.reset();
});

function historiesWith(known: RunSummary | undefined) {
  return createHistories(
    { logs: new CloudWatchLogsClient({}) } as unknown as Connection,
    async () => [machine],
    { known: () => known, list: () => Promise.reject(new Error('not asked for')) },
  );
}

test('a run that has ended is not shown as running while its history is read in parts', async () => {
  // There is always another page; one answer reads eight.
  logs.on(FilterLogEventsCommand).resolves({ events: [line(1), line(2)], nextToken: 'more' });
  const histories = historiesWith(listed);

  const part = await histories.run(arn, 0, undefined);
  expect(part).toMatchObject({ status: 'SUCCEEDED', more: true });
  expect(part.events.map(({ id }) => id)).toEqual([1, 2]);

  logs.on(FilterLogEventsCommand).resolves({ events: [line(3), line(4)] });
  const rest = await histories.run(arn, 2, undefined);
  expect(rest.events.map(({ id }) => id)).toEqual([3, 4]);
  expect(rest).not.toHaveProperty('more');
});

test('what stands behind a missing event is asked for again, although the run has ended', async () => {
  logs.on(FilterLogEventsCommand).resolves({ events: [line(1), line(2), line(4)] });
  const histories = historiesWith(listed);

  const withGap = await histories.run(arn, 0, undefined);
  expect(withGap).toMatchObject({ status: 'SUCCEEDED', more: true });
  expect(withGap.events.map(({ id }) => id)).toEqual([1, 2]);

  logs.on(FilterLogEventsCommand).resolves({ events: [line(3)] });
  const whole = await histories.run(arn, 2, undefined);
  expect(whole.events.map(({ id }) => id)).toEqual([3, 4]);
  expect(whole).not.toHaveProperty('more');
});

test('a run of which nothing is known yet is running', async () => {
  logs.on(FilterLogEventsCommand).resolves({ events: [line(1), line(2)] });

  expect(await historiesWith(undefined).run(arn, 0, undefined)).toMatchObject({
    status: 'RUNNING',
    stoppedAt: null,
  });
});
