import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { beforeEach, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { createExpressRuns } from '../../../console/server/express-runs.ts';
import type { DescribedMachine } from '../../../console/server/machines.ts';

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
const MINUTE = 60_000;
const start = Date.parse('2026-11-25T12:00:00Z');
let lines: { at: number; message: string }[] = [];

function line(run: string, id: number, type: string, at: number, details: object = {}): void {
  const execution_arn = `arn:aws:states:us-east-1:1:express:outbox-processor:${run}:1`;
  const event = {
    id: String(id),
    type,
    details,
    previous_event_id: '0',
    event_timestamp: String(at),
    execution_arn,
  };
  lines.push({ at, message: JSON.stringify(event) });
}

beforeEach(() => {
  lines = [];
  logs.reset();
  logs
    .on(FilterLogEventsCommand)
    .callsFake(({ startTime, endTime }: { startTime: number; endTime: number }) => ({
      events: lines.filter(({ at }) => at >= startTime && at <= endTime),
    }));
});

const runsAt = (now: () => number) => createExpressRuns(new CloudWatchLogsClient({}), machine, now);
const shown = (runs: ReturnType<typeof runsAt>) => runs.list().map(({ name, status }) => `${name} ${status}`);

test('runs come newest first with their status, and one without an end is unknown after six minutes', async () => {
  line('lost', 1, 'ExecutionStarted', start);
  line('done', 1, 'ExecutionStarted', start + 5 * MINUTE);
  line('done', 9, 'ExecutionSucceeded', start + 6 * MINUTE, { output: '{"claimed":1}' });
  line('now', 1, 'ExecutionStarted', start + 8 * MINUTE);
  const runs = runsAt(() => start + 9 * MINUTE);

  await runs.refresh();

  expect(shown(runs)).toEqual(['now RUNNING', 'done SUCCEEDED', 'lost UNKNOWN']);
  expect(runs.list()[1]).toMatchObject({ output: { claimed: 1 }, stoppedAt: '2026-11-25T12:06:00.000Z' });
});

test('earlier runs are found window by window, and what comes later by the next look', async () => {
  let now = start + 120 * MINUTE;
  line('early', 1, 'ExecutionStarted', start);
  line('early', 2, 'ExecutionFailed', start + 1, { error: 'Sad', cause: 'why' });
  const runs = runsAt(() => now);
  await runs.refresh();
  expect(shown(runs)).toEqual([]);
  await runs.extend();
  await runs.extend();
  expect(shown(runs)).toEqual(['early FAILED']);

  line('late', 1, 'ExecutionStarted', now + 1);
  now += 10;
  await runs.refresh();
  expect(shown(runs)).toEqual(['late RUNNING', 'early FAILED']);
});

test('a window with more than can be read is made smaller instead of shown with gaps', async () => {
  const now = start + 15 * MINUTE;
  line('new', 1, 'ExecutionStarted', now - 100);
  logs
    .on(FilterLogEventsCommand)
    .callsFake(({ startTime }: { startTime: number }) =>
      startTime < now - MINUTE ? { events: [], nextToken: 'more' } : { events: lines },
    );
  const runs = runsAt(() => now);

  await runs.refresh();

  expect(shown(runs)).toEqual(['new RUNNING']);
  expect(runs.knownSince()).toBeGreaterThanOrEqual(now - MINUTE);
});

test('a history that is off is said, not shown as no runs', async () => {
  const runs = createExpressRuns(new CloudWatchLogsClient({}), { ...machine, history: 'off' });
  await expect(runs.refresh()).rejects.toMatchObject({ problem: { error: 'HistoryOff' } });
});

test('failed runs that are logged without their beginning are listed by their end', async () => {
  line('failed', 7, 'ExecutionFailed', start, { error: 'Sad' });
  const runs = runsAt(() => start + MINUTE);
  await runs.refresh();
  expect(shown(runs)).toEqual(['failed FAILED']);
});
