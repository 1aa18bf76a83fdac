import type { Operations } from '../../http/aws-protocols.ts';
import type { AlarmResource } from '../../template/alarm.ts';

/** CloudWatch: DescribeAlarms. No metric reaches the twin, so every alarm stays as CloudWatch creates it. */
export function createCloudWatch(alarms: readonly AlarmResource[]): Operations {
  return {
    async DescribeAlarms(request) {
      const prefix = request.optionalText('AlarmNamePrefix') ?? '';
      const names = request.list('AlarmNames');
      const state = request.optionalText('StateValue') ?? 'INSUFFICIENT_DATA';
      const found = alarms.filter(
        ({ name }) => name.startsWith(prefix) && (names.length === 0 || names.includes(name)),
      );
      return {
        MetricAlarms: (state === 'INSUFFICIENT_DATA' ? found : []).map(({ name, arn, description }) => ({
          AlarmName: name,
          AlarmArn: arn,
          AlarmDescription: description,
          StateValue: 'INSUFFICIENT_DATA',
          StateReason: 'Unchecked: Initial alarm creation',
        })),
        CompositeAlarms: [],
      };
    },
  };
}
