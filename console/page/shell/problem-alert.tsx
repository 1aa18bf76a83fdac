import Alert from '@cloudscape-design/components/alert';
import LiveRegion from '@cloudscape-design/components/live-region';
import type { Problem } from '../../api.ts';

interface Props {
  readonly problem: Problem | undefined;
  /** There are older data below it. */
  readonly stale?: boolean;
}

/** Why the server did not answer with data. It disappears by itself once the server does. */
export function ProblemAlert({ problem, stale = false }: Props) {
  if (problem === undefined) return null;
  const { error, message, remedy } = problem;
  return (
    <LiveRegion>
      <Alert
        type={stale ? 'warning' : 'error'}
        header={message}
        statusIconAriaLabel={stale ? 'Warning' : 'Error'}
      >
        {remedy ?? `The error is ${error}.`}
        {stale && ' What you see below is the last answer; this page tries again by itself.'}
      </Alert>
    </LiveRegion>
  );
}
