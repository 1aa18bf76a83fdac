import type { Template } from './intrinsics.ts';

export interface AlarmResource {
  readonly name: string;
  readonly arn: string;
  readonly description: string;
}

export function readAlarms({ ofType, text }: Template): readonly AlarmResource[] {
  return ofType('AWS::CloudWatch::Alarm').map(({ ref, arn, properties }) => ({
    name: ref,
    arn,
    description: text(properties['AlarmDescription'] ?? ''),
  }));
}
