import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import FormField from '@cloudscape-design/components/form-field';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Tabs from '@cloudscape-design/components/tabs';
import { useState } from 'react';
import { between, duration, plural, time } from '../shell/format.ts';
import { TextBlock } from '../shell/text-block.tsx';
import type { State } from './definition.ts';
import { failureText } from './failure-text.ts';
import { HistoryText } from './history-text.tsx';
import type { Visit } from './run-model.ts';
import { type Tone, visitStatus } from './state-status.ts';

const indicators = {
  idle: 'pending',
  running: 'in-progress',
  success: 'success',
  warning: 'warning',
  error: 'error',
} as const satisfies Readonly<Record<Tone, string>>;

interface Props {
  readonly arn: string;
  readonly state: State;
  readonly visits: readonly Visit[];
}

/** What went into a state, what came out and what went wrong, for one visit of it. */
export function Inspector({ arn, state, visits }: Props) {
  const [chosen, setChosen] = useState<number>();
  const visit = visits.find(({ enteredId }) => enteredId === chosen) ?? worst(visits);
  return (
    <SpaceBetween size="m">
      <Box color="text-body-secondary">{[state.Type, state.Comment].filter(Boolean).join(' · ')}</Box>
      {visit === undefined && <Box>This run has not reached it.</Box>}
      {visit !== undefined && visits.length > 1 && (
        <VisitPicker visits={visits} shown={visit} onChoose={setChosen} />
      )}
      {visit !== undefined && <Facts visit={visit} />}
      <Tabs
        key={visit?.enteredId}
        ariaLabel="Details of the state"
        tabs={[
          ...(visit === undefined ? [] : visitTabs(arn, visit)),
          {
            id: 'definition',
            label: 'Definition',
            content: <TextBlock label="Definition" text={JSON.stringify(state, null, 2)} />,
          },
        ]}
      />
    </SpaceBetween>
  );
}

function visitTabs(arn: string, visit: Visit) {
  const { enteredId, exitedId, failures } = visit;
  const error = {
    id: 'error',
    label: failures.length > 1 ? `Errors (${failures.length})` : 'Error',
    content: (
      <SpaceBetween size="s">
        {failures.map((failure) => {
          const { code, kind, message } = failureText(failure);
          return (
            <Alert key={`${failure.at} ${message}`} type="error" statusIconAriaLabel="Error" header={code}>
              <div className="unbroken">{message}</div>
              <Box variant="small">{[kind, time(failure.at)].filter(Boolean).join(' at ')}</Box>
            </Alert>
          );
        })}
      </SpaceBetween>
    ),
  };
  const input = {
    id: 'input',
    label: 'Input',
    content: <HistoryText key={enteredId} arn={arn} id={enteredId} field="input" />,
  };
  const output = {
    id: 'output',
    label: 'Output',
    content:
      exitedId === undefined ? (
        'It has not ended.'
      ) : (
        <HistoryText key={exitedId} arn={arn} id={exitedId} field="output" />
      ),
  };
  // What somebody who looks at a failed state wants to see first.
  return failures.length > 0 ? [error, input, output] : [input, output];
}

function Facts({ visit }: { readonly visit: Visit }) {
  const { tone, text } = visitStatus(visit);
  const took = visit.exitedAt && `took ${duration(between(visit.enteredAt, visit.exitedAt))}`;
  const tries = visit.tries > 0 && plural(visit.tries, 'try').replace(/trys$/, 'tries');
  return (
    <div>
      <StatusIndicator type={indicators[tone]}>{text}</StatusIndicator>
      <Box color="text-body-secondary">
        {[`entered at ${time(visit.enteredAt)}`, took, tries].filter(Boolean).join(', ')}
      </Box>
    </div>
  );
}

interface PickerProps {
  readonly visits: readonly Visit[];
  readonly shown: Visit;
  readonly onChoose: (enteredId: number) => void;
}

function VisitPicker({ visits, shown, onChoose }: PickerProps) {
  const options = visits.map((visit, index) => {
    const place = visit.inside === undefined ? `Visit ${index + 1}` : `Item ${visit.inside.index + 1}`;
    const tries = visit.tries > 1 ? `, ${visit.tries} tries` : '';
    return { value: String(visit.enteredId), label: `${place}: ${visitStatus(visit).text}${tries}` };
  });
  return (
    <FormField label="Which one" description={`${plural(visits.length, 'visit')} in this run`}>
      <Select
        options={options}
        selectedOption={options.find(({ value }) => value === String(shown.enteredId)) ?? null}
        filteringType="auto"
        virtualScroll
        onChange={({ detail }) => onChoose(Number(detail.selectedOption.value))}
      />
    </FormField>
  );
}

const worst = (visits: readonly Visit[]) =>
  visits.find(({ failures }) => failures.length > 0) ?? visits.at(-1);
