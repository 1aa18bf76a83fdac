import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Grid from '@cloudscape-design/components/grid';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useMemo, useState } from 'react';
import type { Machine, Run } from '../../api.ts';
import { inWords } from '../events/event-filter.ts';
import { RedriveModal } from '../redrive/redrive-modal.tsx';
import { addressOf, replaceAddress } from '../shell/address.ts';
import { ChangeButton } from '../shell/change-button.tsx';
import { ProblemAlert } from '../shell/problem-alert.tsx';
import { read } from '../shell/server.ts';
import { useSession } from '../shell/session.ts';
import { usePolled } from '../shell/use-polled.ts';
import { type Definition, findState } from './definition.ts';
import { Graph } from './graph.tsx';
import { completeUpTo, type FollowedRun, follow } from './history.ts';
import { HistoryTable } from './history-table.tsx';
import { Inspector } from './inspector.tsx';
import { RunFacts } from './run-facts.tsx';
import { runModel } from './run-model.ts';
import { WholeRun } from './whole-run.tsx';

const RUNNING_MS = 1_000;

// A long history arrives in parts.
const MORE_MS = 100;
const UNFINISHED = ['RUNNING', 'PENDING_REDRIVE', 'UNKNOWN'];

function nextLook({ run, hasNews }: FollowedRun): number | undefined {
  if (run.more && hasNews) return MORE_MS;
  return run.more || UNFINISHED.includes(run.status) ? RUNNING_MS : undefined;
}

interface Props {
  readonly arn: string;
  readonly query: URLSearchParams;
}

/** One execution: its graph, its states, its history. */
export default function RunPage({ arn, query }: Props) {
  const { data, problem } = usePolled<FollowedRun>(
    arn,
    async (signal, before) => {
      const after = completeUpTo(before?.steps ?? []);
      return follow(before, await read<Run>(`runs/${encodeURIComponent(arn)}?after=${after}`, signal));
    },
    nextLook,
  );
  const steps = data?.steps;
  const model = useMemo(() => runModel(steps ?? []), [steps]);
  const { machines } = useSession();
  const machine = machines.find((known) => known.arn === data?.run.machineArn);
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={arn} actions={data && <Actions arn={arn} machine={machine} />}>
          {machine === undefined ? 'Run' : `${machine.name} ${data?.run.name.slice(0, 8) ?? ''}`}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <ProblemAlert problem={problem} stale={data !== undefined} />
        {data === undefined && problem === undefined && <Spinner size="large" />}
        {data?.run.truncated !== undefined && (
          <Alert type="info" statusIconAriaLabel="Info">
            {data.run.truncated}
          </Alert>
        )}
        {data !== undefined && <RunFacts run={data.run} />}
        {data !== undefined && (
          <Details data={data} model={model} machine={machine} selected={query.get('state') ?? undefined} />
        )}
      </SpaceBetween>
    </ContentLayout>
  );
}

interface DetailsProps {
  readonly data: FollowedRun;
  readonly model: ReturnType<typeof runModel>;
  readonly machine: Machine | undefined;
  readonly selected: string | undefined;
}

function Details({ data: { run }, model, machine, selected }: DetailsProps) {
  const definition = machine?.definition as Definition | undefined;
  const state =
    selected === undefined || definition === undefined ? undefined : findState(definition, selected);
  const select = (name: string) =>
    replaceAddress(addressOf(['runs', run.arn], { state: name === selected ? undefined : name }));
  return (
    <SpaceBetween size="l">
      <Grid gridDefinition={[{ colspan: { default: 12, s: 7 } }, { colspan: { default: 12, s: 5 } }]}>
        <Container header={<Header variant="h2">Graph</Header>}>
          {definition === undefined ? (
            'The definition of its state machine is not known.'
          ) : (
            <Graph definition={definition} model={model} selected={selected} onSelect={select} />
          )}
        </Container>
        <Container header={<Header variant="h2">{state === undefined ? 'The whole run' : selected}</Header>}>
          {state === undefined ? (
            <WholeRun run={run} />
          ) : (
            <Inspector key={selected} arn={run.arn} state={state} visits={model.of(selected ?? '')} />
          )}
        </Container>
      </Grid>
      <HistoryTable model={model} startedAt={run.startedAt} state={state && selected} />
    </SpaceBetween>
  );
}

function Actions({ arn, machine }: { readonly arn: string; readonly machine: Machine | undefined }) {
  const [redriving, setRedriving] = useState(false);
  if (machine?.role !== 'processor') return null;
  const filter = { executionArn: arn };
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Button href={addressOf(['events'], { run: arn })}>Its events</Button>
      <ChangeButton onClick={() => setRedriving(true)}>Redrive what failed in it…</ChangeButton>
      {redriving && (
        <RedriveModal filter={filter} what={inWords(filter)} onClose={() => setRedriving(false)} />
      )}
    </SpaceBetween>
  );
}
