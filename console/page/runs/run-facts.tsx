import Container from '@cloudscape-design/components/container';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { RunSummary } from '../../api.ts';
import { between, duration, time } from '../shell/format.ts';
import { outcome, runStatus } from '../shell/statuses.ts';

export function RunFacts({ run }: { readonly run: RunSummary }) {
  const { indicator, label } = runStatus(run);
  return (
    <Container>
      <KeyValuePairs
        columns={4}
        items={[
          { label: 'Status', value: <StatusIndicator type={indicator}>{label}</StatusIndicator> },
          { label: 'Started', value: time(run.startedAt) },
          {
            label: run.stoppedAt === null ? 'Running for' : 'Took',
            value: duration(between(run.startedAt, run.stoppedAt)),
          },
          { label: 'Outcome', value: <span className="unbroken">{outcome(run) || '–'}</span> },
        ]}
      />
    </Container>
  );
}
