import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useState } from 'react';
import type { Failures, Overview } from '../../api.ts';
import { RunNow } from '../runs/run-now.tsx';
import { ChangeButton } from '../shell/change-button.tsx';
import { ProblemAlert } from '../shell/problem-alert.tsx';
import { read } from '../shell/server.ts';
import { usePolled } from '../shell/use-polled.ts';
import { FailureTable } from './failure-table.tsx';
import { Findings } from './findings.tsx';
import { FlowCharts } from './flow-charts.tsx';
import { KeyFigures } from './key-figures.tsx';
import { SchedulesAndAlarms } from './schedules-and-alarms.tsx';

const INTERVAL_MS = 2_000;

export default function OverviewPage() {
  const [starting, setStarting] = useState(false);
  const { data, problem, refresh } = usePolled(
    'overview',
    async (signal) => {
      const [overview, { failures }] = await Promise.all([
        read<Overview>('overview', signal),
        read<Failures>('failures', signal),
      ]);
      return { overview, failures };
    },
    INTERVAL_MS,
  );
  return (
    <ContentLayout
      header={
        <Header variant="h1" actions={<ChangeButton onClick={() => setStarting(true)}>Run now</ChangeButton>}>
          Overview
        </Header>
      }
    >
      <SpaceBetween size="l">
        <ProblemAlert problem={problem} stale={data !== undefined} />
        {data === undefined && problem === undefined && <Spinner size="large" />}
        {data !== undefined && (
          <SpaceBetween size="l">
            <Findings findings={data.overview.findings} />
            <KeyFigures overview={data.overview} />
            <FlowCharts samples={data.overview.samples} />
            <FailureTable failures={data.failures} onRedriven={refresh} />
            <SchedulesAndAlarms overview={data.overview} />
          </SpaceBetween>
        )}
      </SpaceBetween>
      {starting && <RunNow due={data?.overview.due} onClose={() => setStarting(false)} />}
    </ContentLayout>
  );
}
