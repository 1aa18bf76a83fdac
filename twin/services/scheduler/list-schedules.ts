import type { Operation } from '../../http/aws-protocols.ts';
import type { ScheduleResource } from '../../template/schedule.ts';
import { describeSchedule } from './get-schedule.ts';

export function listSchedules(schedules: readonly ScheduleResource[]): Operation {
  return async (request) => {
    const group = request.optionalText('ScheduleGroup');
    const prefix = request.optionalText('NamePrefix') ?? '';
    const state = request.optionalText('State');
    const found = schedules
      .filter(({ name }) => name.startsWith(prefix))
      .filter((schedule) => group === undefined || schedule.group === group)
      .map(describeSchedule)
      .filter(({ State }) => state === undefined || State === state);
    return { Schedules: found };
  };
}
