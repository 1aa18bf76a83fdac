import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import Toggle from '@cloudscape-design/components/toggle';
import { useState } from 'react';
import type { RunSummary, RunsPage as RunsAnswer } from '../../api.ts';
import { addressOf, go } from '../shell/address.ts';
import { ChangeButton } from '../shell/change-button.tsx';
import { between, duration, number, time } from '../shell/format.ts';
import { ProblemAlert } from '../shell/problem-alert.tsx';
import { read } from '../shell/server.ts';
import { useSession } from '../shell/session.ts';
import { outcome, runStatus } from '../shell/statuses.ts';
import { usePolled } from '../shell/use-polled.ts';
import { RunNow } from './run-now.tsx';
import { useOlderRuns } from './use-older-runs.ts';

const INTERVAL_MS = 2_000;

/** The newest executions of all state machines. */
export default function RunsPage({ query }: { readonly query: URLSearchParams }) {
  const idle = query.get('idle') === 'true';
  const { data, problem } = usePolled(
    `runs ${idle}`,
    (signal) => read<RunsAnswer>(`runs${idle ? '?idle=true' : ''}`, signal),
    INTERVAL_MS,
  );
  const { runs, next, loading, problem: olderProblem, loadOlder } = useOlderRuns(data, idle);
  const [starting, setStarting] = useState(false);
  const { machines } = useSession();
  const nameOf = (run: RunSummary) =>
    machines.find(({ arn }) => arn === run.machineArn)?.name ??
    run.machineArn.slice(run.machineArn.lastIndexOf(':') + 1);
  return (
    <>
      <Table
        variant="full-page"
        stickyHeader
        wrapLines
        items={[...runs]}
        trackBy="arn"
        loading={data === undefined && problem === undefined}
        loadingText="Loading runs"
        ariaLabels={{ tableLabel: 'Runs' }}
        header={
          <SpaceBetween size="s">
            <Header
              variant="h1"
              counter={data === undefined ? '' : `(${number(runs.length)}${next === undefined ? '' : '+'})`}
              description="The executions of the state machines, newest first"
              actions={<ChangeButton onClick={() => setStarting(true)}>Run now</ChangeButton>}
            >
              Runs
            </Header>
            <ProblemAlert problem={problem ?? olderProblem} stale={data !== undefined} />
          </SpaceBetween>
        }
        filter={
          <Toggle
            checked={idle}
            onChange={({ detail }) => go(addressOf(['runs'], { idle: detail.checked ? 'true' : undefined }))}
          >
            Show runs that found nothing
            {!idle && data !== undefined && data.idle > 0 && ` (${number(data.idle)})`}
          </Toggle>
        }
        empty={<Empty idle={data?.idle ?? 0} />}
        footer={
          next !== undefined && (
            <Box textAlign="center">
              <Button loading={loading} onClick={loadOlder}>
                Load older runs
              </Button>
            </Box>
          )
        }
        columnDefinitions={[
          {
            id: 'status',
            header: 'Status',
            minWidth: 150,
            cell: (run) => {
              const { indicator, label } = runStatus(run);
              return <StatusIndicator type={indicator}>{label}</StatusIndicator>;
            },
          },
          {
            id: 'run',
            header: 'Run',
            isRowHeader: true,
            cell: (run) => (
              <Link href={addressOf(['runs', run.arn])}>
                {nameOf(run)} {run.name.slice(0, 8)}
              </Link>
            ),
          },
          { id: 'started', header: 'Started', cell: ({ startedAt }) => time(startedAt) },
          {
            id: 'took',
            header: 'Duration',
            cell: ({ startedAt, stoppedAt }) => duration(between(startedAt, stoppedAt)),
          },
          { id: 'outcome', header: 'Outcome', minWidth: 280, cell: outcome },
        ]}
      />
      {starting && <RunNow due={undefined} onClose={() => setStarting(false)} />}
    </>
  );
}

function Empty({ idle }: { readonly idle: number }) {
  return (
    <SpaceBetween size="xs">
      <Box variant="h3">{idle === 0 ? 'No run yet' : 'No run has found anything to do yet'}</Box>
      <div>The schedule starts one by itself; “Run now” starts one at once.</div>
    </SpaceBetween>
  );
}
