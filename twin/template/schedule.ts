import type { Template } from './intrinsics.ts';

export interface ScheduleResource {
  readonly name: string;
  readonly group: string;
  readonly expression: string;
  readonly targetArn: string;
  readonly input: string;
  readonly enabled: boolean;
  readonly roleArn: string;
}

export function readSchedules({ ofType, text }: Template): readonly ScheduleResource[] {
  return ofType('AWS::Scheduler::Schedule').map(({ ref, properties }) => {
    const target = properties['Target'] as Record<string, unknown>;
    return {
      name: ref,
      group: text(properties['GroupName'] ?? 'default'),
      expression: text(properties['ScheduleExpression']),
      targetArn: text(target['Arn']),
      input: text(target['Input'] ?? '{}'),
      enabled: properties['State'] !== 'DISABLED',
      roleArn: text(target['RoleArn']),
    };
  });
}
