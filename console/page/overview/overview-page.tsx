import Button from '@cloudscape-design/components/button';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useState } from 'react';
import type { Failures, Overview } from '../../api.ts';
import { RunNow } from '../runs/run-now.tsx';
import { ProblemAlert } from '../shell/problem-alert.tsx';
import { read } from '../shell/server.ts';
import { useReadOnly } from '../shell/session.ts';
import { usePolled } from '../shell/use-polled.ts';
import { FailureTable } from './failure-table.tsx';
import { Findings } from './findings.tsx';
import { FlowCharts } from './flow-charts.tsx';
import { KeyFigures } from './key-figures.tsx';
import { Watchers } from './watchers.tsx';

const INTERVAL_MS = 2_000;

export default function OverviewPage() {
  const [starting, setStarting] = useState(false);
  const readOnly = useReadOnly();
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
  const runNow = (
    <Button
      onClick={() => setStarting(true)}
      disabled={readOnly !== undefined}
      {...(readOnly !== undefined && { disabledReason: readOnly })}
    >
      Run now
    </Button>
  );
  return (
    <ContentLayout
      header={
        <Header variant="h1" actions={runNow}>
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
            <Watchers overview={data.overview} />
          </SpaceBetween>
        )}
      </SpaceBetween>
      {starting && <RunNow due={data?.overview.due} onClose={() => setStarting(false)} />}
    </ContentLayout>
  );
}
