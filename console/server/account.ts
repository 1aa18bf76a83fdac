import { DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { GetScheduleCommand, ListSchedulesCommand } from '@aws-sdk/client-scheduler';
import type { Alarm, Schedule } from '../api.ts';
import { type Connection, outboxName } from './connection.ts';

export async function readAlarms(connection: Connection): Promise<readonly Alarm[]> {
  const answer = await connection.cloudWatch.send(
    new DescribeAlarmsCommand({ AlarmNamePrefix: `${outboxName(connection)}-`, MaxRecords: 100 }),
  );
  return (answer.MetricAlarms ?? []).map(
    ({ AlarmName = '', StateValue = 'INSUFFICIENT_DATA', StateReason = '' }) => ({
      name: AlarmName,
      state: StateValue,
      reason: StateReason,
    }),
  );
}

export async function readSchedules(connection: Connection): Promise<readonly Schedule[]> {
  const GroupName = outboxName(connection);
  const { scheduler } = connection;
  const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({ GroupName }));
  const all = await Promise.all(
    Schedules.map(({ Name }) => scheduler.send(new GetScheduleCommand({ GroupName, Name }))),
  );
  return all.map(({ Name = '', State, ScheduleExpression = '' }) => ({
    name: Name,
    state: State === 'DISABLED' ? 'DISABLED' : 'ENABLED',
    expression: ScheduleExpression,
  }));
}
