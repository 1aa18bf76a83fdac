import { DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { alarmNames } from '../../infra/alarm-names.ts';
import type { Context } from '../context.ts';
import { NotObservable, type Scenario } from '../scenario.ts';
import { runProcessor } from './runs.ts';

async function states({ cloudWatch, name }: Context): Promise<ReadonlyMap<string, string>> {
  const { MetricAlarms = [] } = await cloudWatch.send(
    new DescribeAlarmsCommand({ AlarmNamePrefix: `${name}-`, MaxRecords: 100 }),
  );
  return new Map(
    MetricAlarms.map(({ AlarmName = '', StateValue = '' }) => [AlarmName.slice(name.length + 1), StateValue]),
  );
}

export const alarms: readonly Scenario[] = [
  {
    id: 'alarms',
    sentence: 'Every alarm is there.',
    needs: ['account'],
    expected: { missing: [] },
    async observe(context) {
      const found = await states(context);
      const ringing = [...found].filter(([, state]) => state === 'ALARM').map(([alarm]) => alarm);
      if (ringing.length > 0) context.note(`ringing now: ${ringing.join(', ')}`);
      return { missing: alarmNames.filter((alarm) => !found.has(alarm)) };
    },
  },
  {
    id: 'alarm-rings',
    sentence: 'The alarm runs-failed rings after a run has failed.',
    needs: ['account', 'disturb'],
    expected: { state: 'ALARM' },
    // A period of 5 minutes, plus the time that CloudWatch needs to evaluate it.
    limitSeconds: 900,
    async observe(context) {
      const look = async () => (await states(context)).get('runs-failed');
      if ((await look()) === 'ALARM') throw new NotObservable('it rings already: run it again in 10 minutes');
      const startedAt = Date.now();
      await runProcessor(context, { loopSeconds: 'x' });
      const state = await context.until(async () => ((await look()) === 'ALARM' ? 'ALARM' : undefined));
      context.note(`it rang ${Math.round((Date.now() - startedAt) / 1000)} s after the run`);
      return { state };
    },
  },
];
