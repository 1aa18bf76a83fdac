import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { Alarm, Overview } from '../../api.ts';

const indicators = {
  OK: 'success',
  ALARM: 'error',
  INSUFFICIENT_DATA: 'pending',
} as const satisfies Readonly<Record<Alarm['state'], string>>;

const words: Readonly<Record<Alarm['state'], string>> = {
  OK: 'OK',
  ALARM: 'in alarm',
  INSUFFICIENT_DATA: 'no data yet',
};

/** Who starts runs, and who raises the alarm. */
export function SchedulesAndAlarms({ overview: { schedules, alarms } }: { readonly overview: Overview }) {
  const hasNoData = alarms?.length !== 0 && alarms?.every(({ state }) => state === 'INSUFFICIENT_DATA');
  const listed = hasNoData ? [] : (alarms ?? []);
  return (
    <ColumnLayout columns={2}>
      <Container header={<Header variant="h2">Schedules</Header>}>
        <SpaceBetween size="xs">
          {schedules.length === 0 && 'No schedule is known.'}
          {schedules.map(({ name, state, expression }) => (
            <div key={name}>
              <StatusIndicator type={state === 'ENABLED' ? 'success' : 'stopped'}>
                {name}: {state === 'ENABLED' ? expression : 'paused'}
              </StatusIndicator>
            </div>
          ))}
        </SpaceBetween>
      </Container>
      <Container header={<Header variant="h2">Alarms</Header>}>
        <SpaceBetween size="xs">
          {alarms === null && 'The alarms cannot be read.'}
          {alarms?.length === 0 && 'This stack has no alarm.'}
          {hasNoData && `${alarms?.length} alarms, none of which has data yet. The local twin never has any.`}
          {listed.map(({ name, state, reason }) => (
            <div key={name}>
              <StatusIndicator type={indicators[state]}>
                {name}: {words[state]}
              </StatusIndicator>
              {state === 'ALARM' && <div className="unbroken">{reason}</div>}
            </div>
          ))}
        </SpaceBetween>
      </Container>
    </ColumnLayout>
  );
}
