import { DescribeEventBusCommand } from '@aws-sdk/client-eventbridge';
import { ListSchedulesCommand } from '@aws-sdk/client-scheduler';
import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import { isElsewhere } from '../outbox/check-bus.ts';
import { readPause } from '../outbox/pause.ts';
import { accountChecks } from './account-checks.ts';
import { COUNT_LIMIT, describeBlocked, readBacklog } from './backlog.ts';
import { readBlockedKeys } from './blocked-keys.ts';
import { describePause } from './commands/pause.ts';
import { describeWaiting } from './commands/skip.ts';
import { compareClocks } from './compare-clocks.ts';
import { databaseChecks } from './database-checks.ts';
import { duration } from './duration.ts';
import { type Check, failed, ok, processorName, skipped } from './finding.ts';
import { oldSnapshot } from './old-snapshot.ts';
import { describeOutage, readBus } from './outage.ts';
import { printable } from './printable.ts';
import { busRemedy } from './remedy.ts';
import { toSecond } from './sql-columns.ts';

const LATE_SECONDS = 300;

const clocks: Check = {
  name: 'the clocks agree',
  remedy: '',
  async look({ database }) {
    const { ahead, uncertainty, tooLarge } = await compareClocks(database(), Date.now);
    const direction = ahead < 0 ? 'behind' : 'ahead of';
    const found = `the database's is ${seconds(Math.abs(ahead))} ${direction} this machine's, give or take ${seconds(uncertainty)}`;
    if (!tooLarge) return ok(found);
    return failed(
      found,
      "synchronize the one that is wrong (NTP, Amazon Time Sync): functions compare their own clock with the database's, and a claim fails with ClocksDiffer or CallExpired",
    );
  },
};

const seconds = (milliseconds: number) => `${(milliseconds / 1_000).toFixed(3)} s`;

const bus: Check = {
  name: 'the bus exists',
  remedy: 'create it again: until then runs fail before they claim anything, and events wait',
  async look({ eventBridge, target }) {
    const Name = target.need('eventBusName');
    if (isElsewhere(Name, target.need('processorArn')))
      return skipped(`${Name} is in another account or region, where it cannot be described`);
    await eventBridge.send(new DescribeEventBusCommand({ Name }));
    return ok(Name);
  },
};

const processor: Check = {
  name: 'the processor exists',
  remedy: 'deploy again; look at --processor-arn',
  async look({ stepFunctions, target }) {
    const stateMachineArn = target.need('processorArn');
    const { status } = await stepFunctions.send(new DescribeStateMachineCommand({ stateMachineArn }));
    return status === 'ACTIVE' ? ok(stateMachineArn) : failed(`it is ${status}`, processor.remedy);
  },
};

const schedule: Check = {
  name: 'the schedules are enabled',
  remedy: 'deploy again: the schedules are part of the stack',
  async look(context) {
    if (context.target.localUrl !== undefined)
      return skipped('the twin ticks by itself (npm start -- --tick)');
    const NamePrefix = processorName(context);
    const GroupName = NamePrefix.replace(/-processor$/, '');
    const { Schedules = [] } = await context.scheduler.send(
      new ListSchedulesCommand({ GroupName, NamePrefix }),
    );
    // One schedule for each lane.
    const names = Schedules.map(({ Name }) => Name).join(', ');
    if (Schedules.length === 0) return failed(`there is none in the group ${GroupName}`, schedule.remedy);
    const stopped = Schedules.filter(({ State }) => State !== 'ENABLED').map(({ Name }) => Name);
    if (stopped.length === 0) return ok(names);
    return failed(
      `${stopped.join(', ')} of ${names} disabled`,
      'aws scheduler update-schedule with State ENABLED: see docs/operations.md',
    );
  },
};

const running: Check = {
  name: 'the outbox is not paused',
  remedy: '',
  async look({ database }) {
    const pause = await readPause(database());
    return pause === undefined ? ok('it runs') : failed(describePause(pause), 'resume');
  },
};

const accepting: Check = {
  name: 'the bus accepts events',
  remedy: '',
  async look({ database }) {
    const { outage, lastProcessedAt } = await readBus(database());
    if (outage !== undefined) return failed(describeOutage(outage), busRemedy(outage.errorType));
    return ok(
      lastProcessedAt === undefined ? 'none was given back' : `the last at ${toSecond(lastProcessedAt)}`,
    );
  },
};

const noneFailed: Check = {
  name: 'no event has failed',
  remedy: '',
  async look({ database }) {
    const { failed: events } = await readBacklog(database());
    if (events === 0) return ok('none');
    const count = events === COUNT_LIMIT ? `${events} or more` : events;
    return failed(`${count} wait for a person`, 'list --status failed, remove the cause, then redrive');
  },
};

// One finding is a line, and list has the others.
const NAMED_KEYS = 3;

const noneBlocked: Check = {
  name: 'no ordering key is blocked',
  remedy: '',
  async look({ database }) {
    const keys = await readBlockedKeys(database(), NAMED_KEYS);
    const blocked = describeBlocked(await readBacklog(database()));
    if (blocked === undefined && keys.length === 0) return ok('none');
    const named = keys.map(
      ({ orderingKey, eventId, since, waitingBehind }) =>
        `${printable(orderingKey)} since ${toSecond(since)} by ${eventId}, with ${describeWaiting(waitingBehind)} behind it`,
    );
    return failed(
      `${blocked}: ${named.join('; ')}`,
      'list --blocked, remove the cause, then redrive --event <failed event>; or skip <failed event>, so that the others pass',
    );
  },
};

const late: Check = {
  name: 'no event is late',
  remedy: '',
  async look({ database }) {
    const { lagSeconds } = await readBacklog(database());
    const found = `the oldest unfinished one is ${duration(lagSeconds)} old`;
    return lagSeconds < LATE_SECONDS
      ? ok(found)
      : failed(found, 'run, and read its error; docs/operations.md, Events late');
  },
};

/** In this order, because a failed check can explain later ones. */
export const checks: readonly Check[] = [
  ...databaseChecks,
  clocks,
  bus,
  processor,
  schedule,
  ...accountChecks,
  running,
  accepting,
  noneFailed,
  noneBlocked,
  late,
  oldSnapshot,
];
