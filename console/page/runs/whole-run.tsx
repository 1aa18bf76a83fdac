import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { Run } from '../../api.ts';
import { prettyJson } from '../shell/format.ts';
import { TextBlock } from '../shell/text-block.tsx';
import { failureText } from './failure-text.ts';

/** What went into the run, what came out, and why it failed. */
export function WholeRun({ run }: { readonly run: Omit<Run, 'events'> }) {
  const failure = run.error === undefined ? undefined : failureText(run);
  return (
    <SpaceBetween size="m">
      <Box color="text-body-secondary">Select a state of the graph to see what went in and out.</Box>
      {failure !== undefined && (
        <Alert type="error" header={failure.code} statusIconAriaLabel="Error">
          <div className="unbroken">{failure.message}</div>
        </Alert>
      )}
      {run.input !== undefined && (
        <div>
          <Box variant="h3">Input</Box>
          <TextBlock label="Input" text={prettyJson(run.input)} />
        </div>
      )}
      {run.output !== undefined && (
        <div>
          <Box variant="h3">Output</Box>
          <TextBlock label="Output" text={JSON.stringify(run.output, null, 2)} />
        </div>
      )}
    </SpaceBetween>
  );
}
