import { arnOf } from '../../arn.ts';
import { AwsError } from '../../http/aws-error.ts';
import type { Operation } from '../../http/aws-protocols.ts';
import type { ScheduleResource } from '../../template/schedule.ts';

export function getSchedule(schedules: readonly ScheduleResource[]): Operation {
  return async (request) => {
    const name = request.text('Name');
    const group = request.optionalText('GroupName') ?? 'default';
    const found = schedules.find((schedule) => schedule.name === name && schedule.group === group);
    if (found === undefined)
      throw new AwsError('ResourceNotFoundException', `Schedule ${name} does not exist.`, 404);
    return {
      ...describeSchedule(found),
      ScheduleExpression: found.expression,
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: { Arn: found.targetArn, RoleArn: found.roleArn, Input: found.input },
    };
  };
}

/** What a list tells of a schedule. */
export function describeSchedule({ name, group, enabled, targetArn }: ScheduleResource) {
  return {
    Arn: arnOf('scheduler', `schedule/${group}/${name}`),
    Name: name,
    GroupName: group,
    State: enabled ? 'ENABLED' : 'DISABLED',
    Target: { Arn: targetArn },
  };
}
